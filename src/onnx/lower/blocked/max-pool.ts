import { type Shape, tensor } from "../../../core/index.js";
import type { Pool2dParams } from "../../../graph/index.js";
import type { Attributes } from "../attributes.js";
import type { TensorName } from "../emitter.js";
import { type BlockedContext, blockedOp, blockedShape, roundUp, view } from "./context.js";
import { emitInterleave } from "./interleave.js";
import { emitSample } from "./sample.js";

/** A max pooling of a blocked tensor. */
export interface MaxPoolCall {
  readonly x: TensorName;
  /** [N, C, H, W]. */
  readonly xShape: Shape;
  readonly params: Pool2dParams;
}

/** What a max pooling's gradient is computed from; all tensors blocked. */
export interface MaxPoolGradientCall extends MaxPoolCall {
  readonly y: TensorName;
  readonly dy: TensorName;
  /** [N, C, H′, W′]. */
  readonly yShape: Shape;
  /**
   * Where x is not positive, its gradient is zero: dx · [x > 0] is the result, the gradient with respect to z of
   * x = relu(z). False by default.
   */
  readonly gated?: boolean;
}

/** Max pooling, blocked. 33 MB with windows of 2×2 take 1.2 ms on one thread. */
export function emitMaxPool(context: BlockedContext, { x, params }: MaxPoolCall): TensorName {
  const { kernel, stride, padding, dilation } = params;
  return blockedOp(context, "MaxPool", [x], {
    kernel_shape: kernel,
    strides: stride,
    pads: padding,
    dilations: dilation,
  });
}

/**
 * The gradient of a max pooling, without positions of the maxima, which the blocked operator does not tell. Each element
 * of a window in turn, in row-major order, takes what is left of dy where it is the maximum; so the first of tied ones has it
 * all, as in PyTorch, and the last takes what the others left. Whether an element is the maximum, [x = y], is
 * clip(1 − ∞ · (y − x)), one pass over x where windows have that element. All this is done at the size of y; then the
 * elements go back to where they came from.
 */
export function emitMaxPoolGradient(context: BlockedContext, call: MaxPoolGradientCall): TensorName {
  const { emit, block } = context;
  const { dy, y, xShape, yShape, params, gated = false } = call;
  const taps = tapsOf(params);
  const shares: TensorName[] = [];
  let rest = gated ? emit.op("Mul", [dy, positive(context, y, yShape)]) : dy;
  for (const tap of taps.slice(0, -1)) {
    const share = emit.op("Mul", [rest, isMaximum(context, call, tap)]);
    rest = emit.op("Sub", [rest, share]);
    shares.push(share);
  }
  shares.push(rest);

  const { stride } = params;
  const size = [0, 1].map((axis) => Math.ceil(xShape[axis + 2]! / stride[axis]!)) as [number, number];
  const phases = Array.from({ length: stride[0] }, (_, p) =>
    Array.from({ length: stride[1] }, (_, q) => {
      const parts = taps.flatMap((tap, i) => {
        const own = tap.every((offset, axis) => modulo(offset, stride[axis]!) === [p, q][axis]);
        if (!own) return [];
        const back = tap.map((offset, axis) => -Math.floor(offset / stride[axis]!)) as [number, number];
        return [{ share: shares[i]!, back }];
      });
      return emitPhase(context, parts, yShape, size);
    }),
  );
  const planes = (xShape[0]! * roundUp(context, xShape[1]!)) / block;
  const [height, width] = xShape.slice(2) as [number, number];
  const { name } = emitInterleave(context, { phases, phaseShape: [planes, ...size, block], size: [height, width] });
  return view(context, name, blockedShape(context, xShape));
}

/** Row and column, relative to the first element of x, of each element of the first window. */
function tapsOf({ kernel, dilation, padding }: Pool2dParams): (readonly [number, number])[] {
  return Array.from({ length: kernel[0] }, (_, row) =>
    Array.from(
      { length: kernel[1] },
      (_, column) => [row * dilation[0] - padding[0], column * dilation[1] - padding[1]] as const,
    ),
  ).flat();
}

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;

/** Lifts the smallest normal difference above 1. */
const huge = 3e38;
const clipped = (slope: number, start: number): Attributes => ({
  activation: "HardSigmoid",
  activation_params: { floats: [slope, start] },
});

/** [y > 0], for y ≥ 0 or not. */
const positive = (context: BlockedContext, y: TensorName, yShape: Shape): TensorName =>
  emitSample(context, {
    x: y,
    xShape: yShape,
    size: [yShape[2]!, yShape[3]!],
    offset: [0, 0],
    activation: clipped(huge, 0),
  });

/** 1 where the element of the window is its maximum, else 0. */
function isMaximum(
  context: BlockedContext,
  { x, y, xShape, yShape, params, gated = false }: MaxPoolGradientCall,
  tap: readonly [number, number],
): TensorName {
  const { stride } = params;
  const size = [yShape[2]!, yShape[3]!] as const;
  const equal = emitSample(context, {
    x,
    xShape,
    size,
    stride,
    offset: tap,
    factor: -1,
    sum: y,
    activation: clipped(-huge, 1),
  });
  // Padding looks like a zero. If the maximum is zero too, it must not take the gradient; if gated, there is none to take.
  const inside = [0, 1].map((axis) =>
    Array.from({ length: size[axis]! }, (_, i) => {
      const at = i * stride[axis]! + tap[axis]!;
      return Number(at >= 0 && at < xShape[axis + 2]!);
    }),
  );
  if (gated || inside.every((along) => along.every((there) => there === 1))) return equal;
  const { emit, block } = context;
  const pixels = inside[0]!.flatMap((row) =>
    inside[1]!.flatMap((column) => new Array<number>(block).fill(row * column)),
  );
  const there = emit.constant(tensor(Float32Array.from(pixels), [1, pixels.length]));
  const planes = (yShape[0]! * roundUp(context, yShape[1]!)) / block;
  return view(
    context,
    emit.op("Mul", [view(context, equal, [planes, pixels.length]), there]),
    blockedShape(context, yShape),
  );
}

/** The sum of tensors of y's size, each moved by so many rows and columns; undefined if there are none. */
function emitPhase(
  context: BlockedContext,
  parts: readonly { readonly share: TensorName; readonly back: readonly [number, number] }[],
  yShape: Shape,
  size: readonly [number, number],
): TensorName | undefined {
  const stays = ({ back }: { back: readonly [number, number] }): boolean =>
    back[0] === 0 && back[1] === 0 && yShape[2] === size[0] && yShape[3] === size[1];
  const ordered = [...parts.filter(stays), ...parts.filter((part) => !stays(part))];
  return ordered.reduce<TensorName | undefined>((sum, part) => {
    if (stays(part)) return sum === undefined ? part.share : context.emit.op("Add", [sum, part.share]);
    const moved = { x: part.share, xShape: yShape, size, offset: part.back };
    return emitSample(context, sum === undefined ? moved : { ...moved, sum });
  }, undefined);
}
