import type { Conv2dWeightGradientParams, Value } from "../../../../graph/index.js";
import type { Implementation } from "../layout/implementation.js";
import { columnPairs } from "./column-pairs.js";
import { depthwise } from "./depthwise.js";
import type { OperandLayout, WeightGradientFormulation, WeightGradientProblem } from "./formulation.js";
import { pointwise } from "./pointwise.js";
import { emitRows, tapsLast } from "./rows.js";
import { planRows } from "./rows-plan.js";

export type { OperandLayout, WeightGradientFormulation, WeightGradientProblem } from "./formulation.js";

/** Ways to compute `conv2dWeightGradient` other than the portable one. */
export function weightGradientImplementations(
  [x, dy]: readonly Value[],
  params: object,
  block: number,
): readonly Implementation[] {
  const problem = { xShape: x!.shape, dyShape: dy!.shape, params: params as Conv2dWeightGradientParams };
  return weightGradientFormulations(problem, block).map(({ operands, cost, emit }) => ({
    layout: "plain",
    operands,
    cost,
    emit: (context) => emit(context, context.inputs[0]!, context.inputs[1]!),
  }));
}

/**
 * The ways to compute a weight gradient from blocked tensors, each with its expected cost. What none of them fits (grouped
 * convolutions whose groups are no whole blocks) is left to the portable rule.
 */
export function weightGradientFormulations(
  problem: WeightGradientProblem,
  block: number,
): readonly WeightGradientFormulation[] {
  const special = [depthwise, pointwise, columnPairs].flatMap((formulation) => formulation(problem, block) ?? []);
  return [...special, ...rows(problem, block, "blocked"), ...rows(problem, block, "plain")];
}

function rows(problem: WeightGradientProblem, block: number, xLayout: OperandLayout): WeightGradientFormulation[] {
  const planned = planRows(problem, block);
  if (!planned) return [];
  return [
    {
      name: xLayout === "blocked" ? "rows" : "rows of plain x",
      operands: [xLayout, "blocked"],
      cost: planned.cost,
      emit: (context, x, dy) =>
        tapsLast(context, emitRows(context, problem, planned.plan, { x, xLayout, dy }), problem),
    },
  ];
}
