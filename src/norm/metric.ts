import { reduceMean, square, type Value } from "../graph/index.js";

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
 *   statistic: (x, axes) => reduceMean(abs(x), axes),
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
  /** sᵖ over the given axes, which stay with size 1; s(cx) = |c| s(x). */
  statistic(centred: Value, axes: readonly number[]): Value;
  /** C(n): multiplies s, so that C(n)·s estimates the standard deviation of n Gaussian values. */
  gaussianConstant(n: number): number;
}

/** The root mean square, s = √(mean x²), C = 1: the standard deviation, the metric of ordinary batch-norm. */
export function l2(): Metric {
  return {
    name: "l2",
    power: 2,
    statistic: (centred, axes) => reduceMean(square(centred), axes),
    gaussianConstant: () => 1,
  };
}
