import { assertArgument } from "../core/index.js";
import type { Value } from "../graph/index.js";

/**
 * A way to measure the scale of centred values. Batch-norm and weight norm are built from any metric:
 * x̂ = (x − mean) / (C(n) · s(x − mean)), with C(n) · s an unbiased σ for n Gaussian values.
 *
 * Source: Hoffer et al. 2018 (arXiv 1803.01814), section 3.
 *
 * @example
 * // L1 batch-norm: s = mean |x|, C = √(π/2).
 * const l1: Metric = {
 *   name: "l1",
 *   power: 1,
 *   statistic: (x, axes, mean) => mean(abs(x), axes),
 *   gaussianConstant: () => Math.sqrt(Math.PI / 2),
 * };
 */
export interface Metric {
  /** Short name for logs and file keys. */
  readonly name: string;
  /**
   * The power p for which `statistic` returns sᵖ. A metric whose natural statistic is a square says 2, so that no root
   * is taken only to be squared again: ε is then added to the square, inside the root.
   */
  readonly power: 1 | 2;
  /**
   * sᵖ over the given axes, which stay with size 1; s(cx) = |c| s(x). All means are taken by `mean`, which adds in the
   * number format that is asked for.
   */
  statistic(centred: Value, axes: readonly number[], mean: Mean): Value;
  /** C(n): multiplies s, so that C(n)·s estimates the standard deviation of n Gaussian values; n ≥ 1. */
  gaussianConstant(n: number): number;
}

/** The mean over axes, which stay with size 1. */
export type Mean = (x: Value, axes: readonly number[]) => Value;

/**
 * Which C(n) a metric uses. `"paper"`: the formula of the paper that proposed the metric. `"exact"`: one over the
 * expectation of s for n independent standard normal values, computed. A number: that number, whatever n is; 1 leaves s
 * as it is, and a wrong one shows what the constant is good for (Hoffer et al. 2018, section 3).
 */
export type ConstantChoice = "paper" | "exact" | number;

/** Options that all metrics share. */
export interface MetricOptions {
  /** `"paper"` by default. */
  readonly constant?: ConstantChoice;
}

/**
 * C(n) as chosen.
 * @throws InvalidArgumentError for a number that is not positive and finite.
 */
export function constantOf(
  where: string,
  { constant = "paper" }: MetricOptions,
  formulas: Readonly<Record<"paper" | "exact", (n: number) => number>>,
): (n: number) => number {
  if (typeof constant !== "number") {
    assertArgument(
      constant === "paper" || constant === "exact",
      where,
      "a constant paper, exact or a number",
      constant,
    );
    return remembered(formulas[constant]);
  }
  assertArgument(constant > 0 && constant < Infinity, where, "a constant > 0", constant);
  return () => constant;
}

/** Each n once: an exact constant takes milliseconds to compute. */
function remembered(formula: (n: number) => number): (n: number) => number {
  const known = new Map<number, number>();
  return (n) => {
    const value = known.get(n) ?? formula(n);
    known.set(n, value);
    return value;
  };
}
