import { add, mul, type Operand, reduceMean, sqrt, type Value } from "../graph/index.js";
import type { Mean, Metric } from "./metric.js";

/** (C(n)·s)ᵖ over `axes`, p being the metric's power: the biased estimate of σᵖ that a metric makes of n values. */
export function estimate(
  metric: Metric,
  centred: Value,
  axes: readonly number[],
  n: number,
  mean: Mean = reduceMean,
): Value {
  const constant = metric.gaussianConstant(n) ** metric.power;
  const statistic = metric.statistic(centred, axes, mean);
  return constant === 1 ? statistic : mul(statistic, constant);
}

/**
 * What a normalization divides by: √(σ² + ε) for a metric of power 2, σ + ε for one of power 1.
 *
 * @param epsilonScale Multiplies ε where it is squared with σ; its root multiplies ε where it is not.
 */
export function denominator(metric: Metric, estimated: Value, epsilon: number, epsilonScale?: Value): Value {
  const follow = epsilonScale && (metric.power === 2 ? epsilonScale : sqrt(epsilonScale));
  const added: Operand = follow ? mul(follow, epsilon) : epsilon;
  return metric.power === 2 ? sqrt(add(estimated, added)) : add(estimated, added);
}
