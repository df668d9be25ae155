import type { Shape } from "../../../core/index.js";
import type { Conv2dInputGradientParams, Conv2dParams, Conv2dWeightGradientParams } from "../../../graph/index.js";
import type { Attributes } from "../attributes.js";
import type { Emitter, TensorName } from "../emitter.js";
import { type BlockedContext, blockedOp, view } from "./context.js";
import { emitMap, emitPixels, type Meeting, meetingsOf } from "./pixels.js";

/**
 * Convolutions of maps of few pixels, [C, H, W, N] with the batch last, as matrix products: one for each pixel of the
 * output and element of the kernel that meets a pixel of the input, [K, C] · [C, N]. Products with the padding, more than
 * half of all for 3×3 on 2×2, are left out, and the kernel is never turned around: the gradients take the same factors,
 * transposed by `Gemm` itself. Groups: one only.
 *
 * Milliseconds of a forward convolution, 3×3, one thread, and of the batch as a dilated dimension of one image
 * [1, C, H, W · N] (this is the other way that needs no padded batch):
 *
 * | channels, map, batch | blocked | batch as a dimension | **products** |
 * |---|---|---|---|
 * | 512 → 512, 2×2, 128 | 15 | 10 | **5** |
 * | 256 → 512, 4×4, 128 | 22 | 22 | **17** |
 * | 512 → 512, 4×4, 128 | 48 | 44 | **33** |
 * | 512 → 512, 4×4, 64 | 22 | 21 | **17** |
 * | 512 → 512, 7×7, 8 | **9** | 9 | 17 |
 */
export interface SmallMapCall<P extends Conv2dParams> {
  /** [C, H, W, N], of which the names say the order in memory; [K, H′, W′, N] for gradients. */
  readonly xShape: Shape;
  readonly wShape: Shape;
  readonly outputShape: Shape;
  readonly params: P;
}

/** Of x [C, H, W, N] and row-major w [K, C, h, w], perhaps with a bias [K]: [K, H′, W′, N]. */
export function emitSmallMapConvolution(
  context: BlockedContext,
  call: SmallMapCall<Conv2dParams> & { readonly x: TensorName; readonly w: TensorName; readonly bias?: TensorName },
): TensorName {
  const { emit } = context;
  const { x, w, bias, wShape, outputShape } = call;
  const [pixels, taps] = [emitPixels(context, x, call.xShape), emitTaps(emit, w, wShape)];
  const start = bias === undefined ? undefined : view(context, bias, [wShape[0]!, 1]);
  const products = sumsBy("output", call, ({ tap, input }) => [taps[tap]!, pixels[input]!]);
  const sums = products.map((pairs) => emitSum(emit, pairs, {}, start));
  return emitMap(context, sums, outputShape);
}

/** Of dy [K, H′, W′, N] and row-major w: dx [C, H, W, N]. */
export function emitSmallMapInputGradient(
  context: BlockedContext,
  call: SmallMapCall<Conv2dInputGradientParams> & { readonly dy: TensorName; readonly w: TensorName },
): TensorName {
  const { emit } = context;
  const pixels = emitPixels(context, call.dy, call.outputShape);
  const early = transposesEarly(context, call);
  const taps = early ? emitTransposedTaps(context, call.w, call.wShape) : emitTaps(emit, call.w, call.wShape);
  const products = sumsBy("input", call, ({ tap, output }) => [taps[tap]!, pixels[output]!]);
  const sums = products.map((pairs) => emitSum(emit, pairs, early ? {} : { transA: 1 }));
  return emitMap(context, sums, call.xShape);
}

/** Of x [C, H, W, N] and dy [K, H′, W′, N]: dw, row-major. */
export function emitSmallMapWeightGradient(
  context: BlockedContext,
  call: SmallMapCall<Conv2dWeightGradientParams> & { readonly x: TensorName; readonly dy: TensorName },
): TensorName {
  const { emit } = context;
  const [k, c, h, w] = call.wShape as [number, number, number, number];
  const pixels = emitPixels(context, call.x, call.xShape);
  const outputs = emitPixels(context, call.dy, call.outputShape);
  const products = sumsBy("tap", call, ({ input, output }) => [outputs[output]!, pixels[input]!]);
  const zeros = (): TensorName => emit.op("ConstantOfShape", [emit.ints([k, c])]);
  const sums = products.map((pairs) => emitSum(emit, pairs, { transB: 1 }) ?? zeros());
  const taps = emit.op(
    "Concat",
    sums.map((sum) => view(context, sum, [1, k, c])),
    { axis: 0 },
  );
  return view(context, emit.op("Transpose", [taps], { perm: [1, 2, 0] }), [k, c, h, w]);
}

type Pair = readonly [TensorName, TensorName];

/** The factors of the products that make each pixel, or each element of the kernel. */
function sumsBy(
  what: keyof Meeting,
  { xShape, wShape, outputShape, params }: SmallMapCall<Conv2dParams>,
  factors: (meeting: Meeting) => Pair,
): Pair[][] {
  const [from, kernel, to] = [xShape.slice(1, 3), wShape.slice(2), outputShape.slice(1, 3)];
  const [count] = [{ input: from, tap: kernel, output: to }[what]].map(([high, wide]) => high! * wide!);
  const sums: Pair[][] = Array.from({ length: count! }, () => []);
  for (const meeting of meetingsOf(params, kernel, from, to)) sums[meeting[what]]!.push(factors(meeting));
  return sums;
}

/** Each product is added to what the ones before it made. */
const emitSum = (
  emit: Emitter,
  pairs: readonly Pair[],
  attributes: Attributes,
  start?: TensorName,
): TensorName | undefined =>
  pairs.reduce<TensorName | undefined>(
    (sum, pair) => emit.op("Gemm", sum === undefined ? pair : [...pair, sum], attributes),
    start,
  );

/**
 * Whether to transpose the elements of the kernel before the products. `Gemm` does it anew each time, which for the hundred
 * products of 3×3 on 4×4 takes 38 ms instead of 32; sixteen on 2×2 take 7 either way.
 */
function transposesEarly(
  { block }: BlockedContext,
  { wShape, xShape, outputShape, params }: SmallMapCall<Conv2dParams>,
) {
  const [k, c, ...kernel] = wShape as [number, number, number, number];
  const products = meetingsOf(params, kernel, xShape.slice(1, 3), outputShape.slice(1, 3)).length;
  return k % block === 0 && c % 4 === 0 && products > 4 * kernel[0] * kernel[1];
}

/** The elements of a kernel, each as [C, K]. */
function emitTransposedTaps(context: BlockedContext, w: TensorName, wShape: Shape): TensorName[] {
  const { emit, block } = context;
  const [k, c, high, wide] = wShape as [number, number, number, number];
  const count = high * wide;
  const outermost = emitOutermost(emit, w, wShape);
  // [b of K, C] → [C, b of K], then [K/b, C, b] → [C, K/b, b].
  const outputsInnermost = blockedOp(context, "ReorderInput", [
    view(context, outermost, [(count * k) / block, block, 1, c]),
  ]);
  const transposed = blockedOp(context, "ReorderOutput", [view(context, outputsInnermost, [count, k, c, 1])], {
    channels: k,
    channels_last: 1,
  });
  return emitSplit(emit, transposed, count, [c, k]);
}

/** The elements of a kernel, each as [K, C]: one axis moves, which `Transpose` does at the speed of a copy. */
function emitTaps(emit: Emitter, w: TensorName, wShape: Shape): TensorName[] {
  const [k, c, high, wide] = wShape as [number, number, number, number];
  return emitSplit(emit, emitOutermost(emit, w, wShape), high * wide, [k, c]);
}

const emitOutermost = (emit: Emitter, w: TensorName, [k, c, high, wide]: Shape): TensorName =>
  emit.op("Transpose", [view({ emit }, w, [k!, c!, high! * wide!])], { perm: [2, 0, 1] });

/** Matrices that follow each other in memory. */
function emitSplit(emit: Emitter, x: TensorName, count: number, [rows, columns]: Shape): TensorName[] {
  if (count === 1) return [view({ emit }, x, [rows!, columns!])];
  const split = emit.node("Split", [view({ emit }, x, [count, rows!, columns!])], {
    attributes: { axis: 0, num_outputs: count },
  });
  return Array.from({ length: count }, (_, i) => view({ emit }, split.output(i), [rows!, columns!]));
}
