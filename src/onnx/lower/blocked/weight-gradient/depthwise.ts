import { sizeOf } from "../../../../core/index.js";
import type { TensorName } from "../../emitter.js";
import { reach } from "../../portable/reach.js";
import { type BlockedContext, blockedOp, roundUp, view } from "../context.js";
import { sizesOf, type WeightGradientFormulation, type WeightGradientProblem } from "./formulation.js";

/**
 * The weight gradient of a depthwise convolution as a depthwise convolution of N·C channels with dy as its filters, strides
 * and dilations exchanged, and a sum over the batch:
 *
 *     dw[c, r, s] = Σₙ (Σ dy[n, c, y, x] · x[n, c, y + r, x + s])
 */
export function depthwise(problem: WeightGradientProblem, block: number): WeightGradientFormulation | undefined {
  const { groups, c, k } = sizesOf(problem);
  if (groups === 1 || c !== 1 || k !== 1) return undefined;
  return {
    name: "depthwise",
    operands: ["blocked", "blocked"],
    cost:
      (sizeOf(problem.dyShape) * sizeOf(problem.params.weightShape.slice(2)) * Math.ceil(groups / block) * block) /
      groups /
      6e6,
    emit: (context, x, dy) => emitDepthwise(context, problem, x, dy),
  };
}

function emitDepthwise(
  context: BlockedContext,
  problem: WeightGradientProblem,
  x: TensorName,
  dy: TensorName,
): TensorName {
  const { emit, block } = context;
  const { n, groups, height, width, rows, columns, kernel } = sizesOf(problem);
  const { stride, dilation, padding } = problem.params;
  const channels = roundUp(context, groups);
  const ends = [
    reach(0, rows, kernel[0], problem.params) - height - padding[0],
    reach(1, columns, kernel[1], problem.params) - width - padding[1],
  ] as const;

  let image = x;
  const [cutRows, cutColumns] = ends.map((end) => Math.min(end, 0)) as [number, number];
  if (cutRows < 0 || cutColumns < 0) {
    const planes = view(context, x, [(n * channels) / block, height, width * block]);
    image = emit.op("Pad", [planes, emit.ints([0, 0, 0, 0, cutRows, cutColumns * block])]);
  }
  const each = blockedOp(
    context,
    "Conv",
    [
      view(context, image, [1, n * channels, height + cutRows, width + cutColumns]),
      view(context, dy, [n * channels, 1, rows, columns]),
    ],
    {
      strides: dilation,
      dilations: stride,
      pads: [padding[0], padding[1], Math.max(ends[0], 0), Math.max(ends[1], 0)],
      group: n * channels,
    },
  );
  const parts = view(context, each, [n, channels * kernel[0] * kernel[1]]);
  const summed = emit.op("ReduceSum", [parts, emit.ints([0])], { keepdims: 0 });
  const gradient = blockedOp(context, "ReorderOutput", [view(context, summed, [1, channels, ...kernel])], {
    channels: groups,
  });
  return view(context, gradient, [groups, 1, ...kernel]);
}
