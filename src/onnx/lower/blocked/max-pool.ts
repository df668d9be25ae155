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
 * The gradient of a max pooling, without positions of the maxima, which the blocked operator does not tell: from the
 * windows to the rows of the windows, of which the first that has the maximum takes all, then within each row to its first
 * maximum. So the first of tied ones in row-major order has it, as in PyTorch.
 *
 * Milliseconds with 2×2 windows, batch 128, one thread (PyTorch 1.13 beside it; its first row allocates memory anew):
 *
 * | channels, map | element by element of 2×2 | **rows, then columns** | positions, `MaxUnpool` | PyTorch |
 * |---|---|---|---|---|
 * | 64, 32×32 | 15 | **12.5** | 36 | 13.3 |
 * | 128, 16×16 | 7.0 | **4.9** | 18 | 0.8 |
 * | 256, 8×8 | 3.0 | **2.0** | 10 | 0.3 |
 * | 512, 4×4 | 0.8 | **0.7** | 4.5 | 0.2 |
 * | 64, 112×112, 3×3 at distances of 2, batch 8 | 25 | **16** | 39 by a scatter | 2.1 |
 *
 * What PyTorch gains here it has paid before: its pooling takes 34, 15, 8, 3.6 and 32, the blocked one 1.3, 0.4, 0.1, 0.1
 * and 1.2.
 */
export function emitMaxPoolGradient(context: BlockedContext, call: MaxPoolGradientCall): TensorName {
  const { emit } = context;
  const { x, y, xShape, yShape, params, gated = false } = call;
  const dy = gated ? emit.op("Mul", [call.dy, positive(context, y, yShape)]) : call.dy;
  const { kernel, stride, padding, dilation } = params;
  const [, left, , right] = padding;
  const rowMaxima = emitMaxPool(context, {
    x,
    xShape,
    params: {
      kernel: [1, kernel[1]],
      stride: [1, stride[1]],
      padding: [0, left, 0, right],
      dilation: [1, dilation[1]],
    },
  });
  const rowsShape = xShape.with(3, yShape[3]!);
  const dRows = emitAlong(context, 0, { x: rowMaxima, y, dy, xShape: rowsShape, yShape, params, gated });
  return emitAlong(context, 1, { x, y: rowMaxima, dy: dRows, xShape, yShape: rowsShape, params, gated });
}

/**
 * The gradient of a pooling along one axis, 0 for rows. Each element of a window in turn takes what is left of dy where it
 * is the maximum; the last one takes what the others left. All this is done at the size of y; then the elements
 * go back to where they came from.
 */
function emitAlong(context: BlockedContext, axis: 0 | 1, call: MaxPoolGradientCall): TensorName {
  const { emit, block } = context;
  const { dy, xShape, yShape, params } = call;
  const stride = params.stride[axis];
  const taps = Array.from({ length: params.kernel[axis] }, (_, i) => i * params.dilation[axis] - params.padding[axis]);
  if (taps.length === 1 && taps[0] === 0 && stride === 1) return dy;
  const shares: TensorName[] = [];
  let rest = dy;
  for (const tap of taps.slice(0, -1)) {
    const share = emit.op("Mul", [rest, isMaximum(context, axis, tap, call)]);
    rest = emit.op("Sub", [rest, share]);
    shares.push(share);
  }
  shares.push(rest);

  const size = yShape.slice(2).with(axis, Math.ceil(xShape[axis + 2]! / stride)) as [number, number];
  const phases = Array.from({ length: stride }, (_, phase) => {
    const parts = taps.flatMap((tap, i) =>
      modulo(tap, stride) === phase ? [{ share: shares[i]!, back: along(axis, -Math.floor(tap / stride), 0) }] : [],
    );
    return emitPhase(context, parts, yShape, size);
  });
  const planes = (xShape[0]! * roundUp(context, xShape[1]!)) / block;
  const name = emitInterleave(context, {
    phases: axis === 0 ? phases.map((phase) => [phase]) : [phases],
    phaseShape: [planes, ...size, block],
    size: [xShape[2]!, xShape[3]!],
  });
  return view(context, name, blockedShape(context, xShape));
}

/** [row, column] of which one is given and the other is the same everywhere. */
const along = (axis: 0 | 1, value: number, other: number): [number, number] =>
  axis === 0 ? [value, other] : [other, value];

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

/**
 * [x = y] = clip(1 − ∞ · (y − x)), one pass over x where the windows have that element: 1 where it is the maximum.
 *
 * @param tap Of the element, in the first window, relative to the first element of x.
 */
function isMaximum(
  context: BlockedContext,
  axis: 0 | 1,
  tap: number,
  { x, y, xShape, yShape, params, gated = false }: MaxPoolGradientCall,
): TensorName {
  const size = [yShape[2]!, yShape[3]!] as const;
  const stride = params.stride[axis];
  const equal = emitSample(context, {
    x,
    xShape,
    size,
    stride: along(axis, stride, 1),
    offset: along(axis, tap, 0),
    factor: -1,
    sum: y,
    activation: clipped(-huge, 1),
  });
  // Padding looks like a zero. If the maximum is zero too, it must not take the gradient; if gated, there is none to take.
  const inside = Array.from({ length: size[axis] }, (_, i) => i * stride + tap).map(
    (at) => at >= 0 && at < xShape[axis + 2]!,
  );
  if (gated || inside.every(Boolean)) return equal;
  const { emit, block } = context;
  const pixels = size[0] * size[1];
  const there = Float32Array.from({ length: pixels * block }, (_, i) => {
    const pixel = Math.floor(i / block);
    return Number(inside[axis === 0 ? Math.floor(pixel / size[1]) : pixel % size[1]]);
  });
  const planes = view(context, equal, [-1, there.length]);
  const masked = emit.op("Mul", [planes, emit.constant(tensor(there, [1, there.length]))]);
  return view(context, masked, blockedShape(context, yShape));
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
