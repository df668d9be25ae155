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
 *
 * Milliseconds of processor time, one thread, all that is moved included; PyTorch 1.13 in its default layout and with
 * channels last, in the same quarter of an hour (a shared machine: ±10%):
 *
 * | batch, C → K, map, kernel | rows | column pairs | pointwise | portable | PyTorch |
 * |---|---|---|---|---|---|
 * | 128, 3 → 16, 32×32, 3×3 | **0.9** | | | 2.9 | 1.0 / 0.6 |
 * | 128, 16 → 16, 32×32, 3×3 | **3.8** | 5.2 | | 7.9 | 4.2 / 2.7 |
 * | 128, 32 → 32, 16×16, 3×3 | 2.8 | **2.6** | | 4.4 | 2.8 / 2.5 |
 * | 128, 64 → 64, 8×8, 3×3 | 2.4 | **2.2** | | 3.2 | 2.6 / 2.1 |
 * | 128, 3 → 64, 32×32, 3×3 | **2.4** | | | 7.9 | 19.9 / 6.1 |
 * | 128, 64 → 128, 16×16, 3×3 | **20.8** | 22.6 | | 27.9 | 19.5 / 21.8 |
 * | 128, 256 → 256, 8×8, 3×3 | 37.4 | **29.3** | | 44.3 | 41.2 / 38.7 |
 * | 128, 512 → 512, 4×4, 3×3 | 33.8 | **25.8** | | 42.6 | 42.2 / 38.8 |
 * | 128, 512 → 512, 2×2, 3×3 | 7.2 | **7.1** | | 10.7 | 18.3 / 20.4 |
 * | 64, 64 → 64, 32×32, 3×3 | **22.1** | 25.4 | | 35.1 | 37.2 / 21.1 |
 * | 64, 128 → 256, 16×16, 3×3, stride 2 | 11.9 | | | **11.3** | 11.9 / 11.6 |
 * | 64, 64 → 128, 32×32, 1×1, stride 2 | 4.0 | | **1.4** | 6.8 | 3.4 / 1.7 |
 * | 8, 3 → 64, 224×224, 7×7, stride 2 | **10.1** | | | 14.7 | 11.8 / 13.0 |
 * | 8, 64 → 64, 56×56, 3×3 | 8.1 | **7.1** | | 10.9 | 8.9 / 9.0 |
 * | 8, 256 → 64, 56×56, 1×1 | 8.8 | | **6.6** | 12.6 | |
 * | 8, 2048 → 512, 7×7, 1×1 | 4.0 | | **3.7** | 4.1 | |
 *
 * With K = 16 the innermost loop has six sums to add to, where eight would hide the time that an addition takes: 180 of
 * 300 GFLOP/s, whatever the formulation.
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
