import { assertArgument } from "../core/index.js";
import { studentT } from "./student-t.js";

/** A mean with the spread of what it was taken over. */
export interface Sample {
  readonly mean: number;
  /** Standard deviation with n − 1 below; absent for a single value. */
  readonly sd?: number;
  readonly values: readonly number[];
}

/** A mean difference of pairs, with its confidence interval where there are at least two pairs. */
export interface PairedInterval extends Sample {
  /** Half the width of the interval, in the values' own unit; absent for a single pair. */
  readonly halfWidth?: number;
}

/** Mean and standard deviation, √(Σ(x − mean)²/(n − 1)). Throws an InvalidArgumentError on an empty list. */
export function sampleOf(values: readonly number[]): Sample {
  assertArgument(values.length > 0, "sampleOf", "at least one value", values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, values };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)), values };
}

/**
 * The mean of a − b over pairs, and the half width of its confidence interval, t·sd/√n with Student's t at n − 1
 * degrees of freedom. What the pairs share (a seed: initial weights and batches) cancels.
 * @param coverage Probability that the interval covers the true mean; 0.95 by default.
 */
export function pairedInterval(pairs: readonly (readonly [a: number, b: number])[], coverage = 0.95): PairedInterval {
  const sample = sampleOf(pairs.map(([a, b]) => a - b));
  if (sample.sd === undefined) return sample;
  const halfWidth = (studentT(coverage, pairs.length - 1) * sample.sd) / Math.sqrt(pairs.length);
  return { ...sample, halfWidth };
}
