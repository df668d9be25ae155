import { type Shape, sizeOf } from "../core/index.js";
import { div, sub, type Value } from "../graph/index.js";
import type { Accumulation } from "./accumulate.js";
import type { Metric } from "./metric.js";
import { l2 } from "./power-metrics.js";
import { denominator, estimate } from "./spread.js";

/** What is common to all normalizations of activations. */
export interface ActivationNormOptions {
  /** What measures the scale; {@link l2} by default. */
  readonly metric?: Metric;
  /** Added to σ² (metrics of power 2) or to σ; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether a learned gain γ and shift β follow; true by default. Without centring there is no β. */
  readonly affine?: boolean;
  /** Whether the mean is subtracted; true by default. */
  readonly centre?: boolean;
  /** What γ starts as; 1 by default. */
  readonly initialGain?: number;
}

/** Statistics of values, taken over some axes, and the values less their mean. */
export interface Statistics {
  /** Absent without centring. */
  readonly mean?: Value;
  /** σᵖ as the metric estimates it, biased, with the reduced axes kept. */
  readonly estimated: Value;
  readonly centred: Value;
}

/** Takes the statistics of x over axes: mean (unless `centre` is false), and the metric's σᵖ of what is left. */
export function statisticsOf(
  x: Value,
  axes: readonly number[],
  metric: Metric,
  centre: boolean,
  { mean, spread }: Accumulation,
): Statistics {
  const n = countOver(x.shape, axes);
  if (!centre) return { centred: x, estimated: estimate(metric, x, axes, n, mean) };
  const average = mean(x, axes);
  const centred = sub(x, spread(average, x.shape));
  return { mean: average, centred, estimated: estimate(metric, centred, axes, n, mean) };
}

/**
 * (x − mean) / σ over axes, by the statistics of x itself.
 * @param epsilonScale Multiplies ε; see {@link denominator}.
 * @param note Told σᵖ.
 */
export function standardized(
  x: Value,
  axes: readonly number[],
  sums: Accumulation,
  { metric = l2(), epsilon = 1e-5, centre = true }: ActivationNormOptions,
  epsilonScale: Value | undefined,
  note?: (estimated: Value) => void,
): Value {
  const { centred, estimated } = statisticsOf(x, axes, metric, centre, sums);
  note?.(estimated);
  return div(centred, sums.spread(denominator(metric, estimated, epsilon, epsilonScale), x.shape));
}

/** The number of values that one statistic is taken of. */
export const countOver = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]!));
