import type { Value } from "../../graph/index.js";
import { add, div, mul, reduceMean, reshape, sqrt, square, sub } from "../../graph/index.js";
import { accumulation, denominator, type Metric, statisticsOf } from "../../norm/index.js";
import type { NormToImport } from "../../onnx/index.js";

/** A batch-norm in another metric, and what it measured of a batch. */
export interface MeasuredNorm {
  readonly output: Value;
  /** Per channel, [C]. */
  readonly mean: Value;
  /** What the metric takes for σ, with ε as it enters: what the values are divided by; [C]. */
  readonly divisor: Value;
}

/**
 * γ (x − mean) / σ + β per channel by the batch's own statistics, σ being √(C²s² + ε) for metrics of power 2 and C·s + ε for
 * those of power 1.
 */
export function measuredNorm({ x, gain, shift, epsilon }: NormToImport, metric: Metric): MeasuredNorm {
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const perChannel = x.shape.map((size, axis) => (axis === 1 ? size : 1));
  const { mean, centred, estimated } = statisticsOf(x, axes, metric, true, accumulation("fp32"));
  const divisor = denominator(metric, estimated, epsilon);
  const output = add(mul(div(centred, divisor), reshape(gain, perChannel)), reshape(shift, perChannel));
  return { output, mean: reshape(mean!, [-1]), divisor: reshape(divisor, [-1]) };
}

/** The root mean square of a value, and of its difference to another, as two scalars. */
export function sizesOf(before: Value, after: Value): { readonly size: Value; readonly distance: Value } {
  const root = (x: Value): Value => reshape(sqrt(reduceMean(square(x))), []);
  return { size: root(before), distance: root(sub(after, before)) };
}
