import type { TensorName } from "../../emitter.js";
import { type BlockedContext, blockedOp, roundUp, view } from "../context.js";
import { emitSample } from "../sample.js";
import { convolutionCost, movingCost } from "./convolution-cost.js";
import { sizesOf, type WeightGradientFormulation, type WeightGradientProblem } from "./formulation.js";
import { inOrder, nest } from "./in-order.js";

/**
 * The weight gradient of a 1×1 convolution, without moving x: a convolution as in {@link emitRows}, where images are a
 * column of pixels of one block of channels after the other, [N, C/b · H·W, b], and filters one column, [K, H·W, 1]. Filters
 * move on by H·W rows, from one block to the next; the result is [K, C/b, b].
 */
export function pointwise(problem: WeightGradientProblem, block: number): WeightGradientFormulation | undefined {
  const { n, groups, kernel } = sizesOf(problem);
  const flat = kernel[0] === 1 && kernel[1] === 1 && problem.params.padding.every((size) => size === 0);
  if (!flat || groups > 1 || (n >= block && n % block !== 0)) return undefined;
  const plans = Array.from({ length: block - 1 }, (_, i) => i + 1)
    .filter((channels) => n % channels === 0)
    .map((channels) => ({ channels, cost: pointwiseCost(problem, channels, block) }));
  const { channels, cost } = plans.reduce((best, plan) => (plan.cost < best.cost ? plan : best));
  return {
    name: "pointwise",
    operands: ["blocked", "blocked"],
    cost,
    emit: (context, x, dy) => emitPointwise(context, problem, channels, x, dy),
  };
}

/** @param channels Images whose products are added in the result's memory, the others being added by a `ReduceSum`. */
function emitPointwise(
  context: BlockedContext,
  problem: WeightGradientProblem,
  channels: number,
  x: TensorName,
  dy: TensorName,
): TensorName {
  const { emit, block } = context;
  const { n, c, k, rows, columns } = sizesOf(problem);
  const { stride } = problem.params;
  const [pixels, parts] = [rows * columns, n / channels];
  const [filterBlocks, channelBlocks] = [k, c].map((count) => roundUp(context, count) / block) as [number, number];

  const strided = stride[0] > 1 || stride[1] > 1;
  const image = strided
    ? emitSample(context, { x, xShape: problem.xShape, size: [rows, columns], stride, offset: [0, 0] })
    : x;
  const order: number[] = [];
  nest([parts, filterBlocks, channels], ([part, filter, i]) => {
    order.push((part! * channels + i!) * filterBlocks + filter!);
  });
  const filters = inOrder(context, view(context, dy, [order.length, pixels * block]), order);
  const partial = blockedOp(
    context,
    "Conv",
    [
      view(context, image, [1, n, channelBlocks * pixels, block]),
      view(context, filters, [parts * filterBlocks * block, channels, pixels, 1]),
    ],
    { strides: [pixels, 1], group: parts },
  );
  const size = filterBlocks * block * channelBlocks * block;
  const summed =
    parts === 1
      ? partial
      : emit.op("ReduceSum", [view(context, partial, [parts, size]), emit.ints([0])], { keepdims: 0 });
  const gradient = blockedOp(
    context,
    "ReorderOutput",
    [view(context, summed, [1, filterBlocks * block, 1, channelBlocks * block])],
    { channels: k },
  );
  const whole = view(context, gradient, [k, channelBlocks * block]);
  const kept =
    c === channelBlocks * block ? whole : emit.op("Slice", [whole, emit.ints([0]), emit.ints([c]), emit.ints([1])]);
  return view(context, kept, [k, c, 1, 1]);
}

function pointwiseCost(problem: WeightGradientProblem, channels: number, block: number): number {
  const { n, c, k, height, width, rows, columns } = sizesOf(problem);
  const [blocks, rowsOut] = [Math.ceil(k / block), Math.ceil(c / block)];
  const [pixels, parts] = [rows * columns, n / channels];
  const convolution = convolutionCost(
    { groups: parts, channels, blocks, steps: pixels, size: [rowsOut, block], imageBytes: 4 * block * pixels },
    block,
  );
  const sampled = height > rows || width > columns ? c * (height * (width / 2) + pixels) : 0;
  const ordered = channels > 1 && blocks > 1 ? 2 * k * pixels : 0;
  const result = blocks * block * rowsOut * block * ((parts > 1 ? 8 * parts : 0) + 2);
  return convolution + movingCost(4 * (n * (sampled + ordered) + result));
}
