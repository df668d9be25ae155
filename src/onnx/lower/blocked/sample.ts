import { type Shape, tensor } from "../../../core/index.js";
import type { Attributes } from "../attributes.js";
import type { TensorName } from "../emitter.js";
import { type BlockedContext, blockedOp, roundUp } from "./context.js";

/** Pixels taken from a blocked tensor at regular distances. */
export interface Sampling {
  readonly x: TensorName;
  /** [N, C, H, W]. */
  readonly xShape: Shape;
  /** Height and width of the result. */
  readonly size: readonly [number, number];
  /** Distance of the pixels taken; 1 by default. */
  readonly stride?: readonly [number, number];
  /** Row and column of the first pixel; outside of x there are zeros. */
  readonly offset: readonly [number, number];
  /** What the pixels are multiplied with, 1 by default. */
  readonly factor?: number;
  /** A blocked tensor that is added. */
  readonly sum?: TensorName;
  /** Attributes of the activation that follows. */
  readonly activation?: Attributes;
}

/**
 * y[i, j] = activation(factor · x[offset + stride · (i, j)] + sum[i, j]), as a depthwise convolution whose kernel has one
 * element that is not zero. The operator makes use of several threads and does all in one pass: a quarter of 33 MB takes
 * 0.5 ms on one thread, where `Slice` takes 2.
 */
export function emitSample(context: BlockedContext, sampling: Sampling): TensorName {
  const { x, xShape, size, stride = [1, 1], offset, factor = 1, sum, activation = {} } = sampling;
  const channels = roundUp(context, xShape[1]!);
  const [rows, columns] = [0, 1].map((axis) =>
    window(xShape[axis + 2]!, size[axis]!, stride[axis]!, offset[axis]!),
  ) as [Window, Window];
  const kernel = [rows.kernel, columns.kernel];
  const filter = new Float32Array(channels * rows.kernel * columns.kernel);
  const { block } = context;
  for (let channel = 0; channel < channels; channel++) {
    const pixel = (Math.floor(channel / block) * rows.kernel + rows.at) * columns.kernel + columns.at;
    filter[pixel * block + (channel % block)] = factor;
  }
  const w = context.emit.constant(tensor(filter, [channels, 1, ...kernel]));
  return blockedOp(context, "Conv", sum === undefined ? [x, w] : [x, w, "", sum], {
    kernel_shape: kernel,
    strides: stride,
    pads: [rows.before, columns.before, rows.after, columns.after],
    group: channels,
    ...activation,
  });
}

/** A kernel along one axis. */
interface Window {
  readonly kernel: number;
  /** Where its element is. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

function window(from: number, to: number, stride: number, offset: number): Window {
  const [before, at] = [Math.max(0, -offset), Math.max(0, offset)];
  const last = (to - 1) * stride;
  const after = last + at + 1 - from - before;
  // What x has beyond the last pixel that is taken must not become another one.
  const unused = after <= -stride ? -after : 0;
  return { kernel: at + 1 + unused, at, before, after: Math.max(0, after) };
}
