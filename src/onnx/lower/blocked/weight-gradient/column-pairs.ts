import { type Shape, sizeOf, tensor } from "../../../../core/index.js";
import type { TensorName } from "../../emitter.js";
import { reach } from "../../portable/reach.js";
import { type BlockedContext, blockedOp, roundUp, view } from "../context.js";
import { movingCost } from "./convolution-cost.js";
import { sizesOf, type WeightGradientFormulation, type WeightGradientProblem } from "./formulation.js";
import { emitRows, tapsLast } from "./rows.js";
import { planRows } from "./rows-plan.js";

/**
 * A row of dy two columns at a time, with four products instead of six (Winograd's F(3, 2): Lavin and Gray, "Fast Algorithms
 * for Convolutional Neural Networks", 2016). With d₀, d₁ a pair of dy and x₀ … x₃ the columns of x that it meets,
 *
 *     A = d₀ (x₀ − x₂),  P = ½ (d₀ + d₁)(x₁ + x₂),  Q = ½ (d₁ − d₀)(x₂ − x₁),  B = d₁ (x₃ − x₁),
 *     d₀x₀ + d₁x₁ = A + P − Q,  d₀x₁ + d₁x₂ = P + Q,  d₀x₂ + d₁x₃ = B + P − Q.
 *
 * The combinations of columns are depthwise convolutions of stride 2, and the sums of each product over all pairs are the
 * weight gradient of a convolution with kernel 3×1.
 */
export function columnPairs(problem: WeightGradientProblem, block: number): WeightGradientFormulation | undefined {
  const { width, columns, kernel } = sizesOf(problem);
  const { stride, dilation, padding } = problem.params;
  const left = padding[1];
  const right = reach(1, columns, 3, problem.params) - width - left;
  const fits = kernel[1] === 3 && stride[1] === 1 && dilation[1] === 1 && columns % 2 === 0 && right >= 0;
  const half = fits ? halved(problem) : undefined;
  const planned = half && planRows(half, block);
  if (!half || !planned) return undefined;

  // The combinations, written and read again, and the sums: beside what each product moves.
  const moved = 4 * (5 * sizeOf(problem.xShape) + 5 * sizeOf(problem.dyShape) + 6 * sizeOf(problem.params.weightShape));
  return {
    name: "column pairs",
    operands: ["blocked", "blocked"],
    cost: 4 * planned.cost + movingCost(moved),
    emit(context, x, dy) {
      const { emit } = context;
      const [a, p, q, b] = products.map(({ x: ofX, dy: ofDy }) =>
        emitRows(context, half, planned.plan, {
          x: combined(context, x, problem.xShape, ofX, [left, right]),
          xLayout: "blocked",
          dy: combined(context, dy, problem.dyShape, ofDy, [0, 0]),
        }),
      );
      const middle = emit.op("Sub", [p!, q!]);
      const taps = [emit.op("Add", [a!, middle]), emit.op("Add", [p!, q!]), emit.op("Add", [b!, middle])];
      const [k, c, height] = problem.params.weightShape as [number, number, number, number];
      const sideBySide = emit.op("Concat", taps, { axis: 2 });
      return tapsLast(context, view(context, sideBySide, [k, height * 3, c]), problem);
    },
  };
}

/** A, P, Q and B: the factors of each, by columns. */
const products = [
  { x: [1, 0, -1, 0], dy: [1, 0] },
  { x: [0, 1, 1, 0], dy: [0.5, 0.5] },
  { x: [0, -1, 1, 0], dy: [-0.5, 0.5] },
  { x: [0, -1, 0, 1], dy: [0, 1] },
] as const;

/** The problem that remains for each product. */
function halved({ xShape, dyShape, params }: WeightGradientProblem): WeightGradientProblem {
  const pairs = dyShape[3]! / 2;
  const [top, , bottom] = params.padding;
  return {
    xShape: [...xShape.slice(0, 3), pairs],
    dyShape: [...dyShape.slice(0, 3), pairs],
    params: { ...params, padding: [top, 0, bottom, 0], weightShape: [...params.weightShape.slice(0, 3), 1] },
  };
}

/** At every second column, the columns from there on times the factors, added. */
function combined(
  context: BlockedContext,
  x: TensorName,
  shape: Shape,
  factors: readonly number[],
  [left, right]: readonly [number, number],
): TensorName {
  const { emit, block } = context;
  const channels = roundUp(context, shape[1]!);
  const lanes = Array.from({ length: channels / block }, () => factors.flatMap((factor) => Array(block).fill(factor)));
  const filter = emit.constant(tensor(lanes.flat() as number[], [channels, 1, 1, factors.length], "float32"));
  return blockedOp(context, "Conv", [x, filter], { strides: [1, 2], pads: [0, left, 0, right], group: channels });
}
