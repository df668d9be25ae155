import type { Shape, Tensor } from "../../../src/core/index.js";
import { mean as exactMean, type MeanOf } from "./arithmetic.js";
import { estimateByHand, type MetricRow } from "./metrics.js";
import { type NormRow, positionOf } from "./norms.js";

/** Statistics of one group of elements. */
export interface GroupStatistics {
  readonly n: number;
  readonly mean: number;
  /** σᵖ, p being the metric's power. */
  readonly spread: number;
}

/** The elements of each group, in row-major order, by the group's text. */
export function grouped(norm: NormRow, x: ArrayLike<number>, shape: Shape = norm.shape): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let index = 0; index < x.length; index++) {
    const key = norm.group(positionOf(index, shape), shape);
    const members = groups.get(key);
    if (members) members.push(x[index]!);
    else groups.set(key, [x[index]!]);
  }
  return groups;
}

/** What a normalization measures of each group, written out. */
export function statisticsByHand(
  norm: NormRow,
  metric: MetricRow,
  x: ArrayLike<number>,
  shape: Shape = norm.shape,
  mean: MeanOf = exactMean,
): Map<string, GroupStatistics> {
  return new Map(
    [...grouped(norm, x, shape)].map(([key, values]) => {
      const centre = norm.centre ? mean(values) : 0;
      const centred = values.map((value) => value - centre);
      return [key, { n: values.length, mean: centre, spread: estimateByHand(metric, centred, mean) }];
    }),
  );
}

/** γ (x − mean) / √(σ² + ε) + β, or with σ + ε for metrics of power 1, each element by the statistics it is given. */
export function normalizedByHand(
  norm: NormRow,
  { metric }: MetricRow,
  feeds: Readonly<Record<string, Tensor>>,
  epsilon: number,
  statisticsOf: (at: readonly number[]) => { readonly mean: number; readonly spread: number },
): number[] {
  const { data, shape } = feeds.x!;
  return Array.from(data as Float32Array, (value, index) => {
    const at = positionOf(index, shape);
    const { mean, spread } = statisticsOf(at);
    const divisor = metric.power === 2 ? Math.sqrt(spread + epsilon) : spread + epsilon;
    const feature = norm.feature(at, shape);
    const gain = norm.affine ? Number(feeds.weight!.data[feature]) : 1;
    const shift = norm.affine && norm.centre ? Number(feeds.bias!.data[feature]) : 0;
    return (gain * (value - mean)) / divisor + shift;
  });
}

/** The output in training: each element by the statistics of its own group. */
export function trainedByHand(
  norm: NormRow,
  metric: MetricRow,
  feeds: Readonly<Record<string, Tensor>>,
  epsilon: number,
  mean?: MeanOf,
): number[] {
  const x = feeds.x!;
  const statistics = statisticsByHand(norm, metric, x.data as Float32Array, x.shape, mean);
  return normalizedByHand(norm, metric, feeds, epsilon, (at) => statistics.get(norm.group(at, x.shape))!);
}

/** The name of the buffer that keeps the spread. */
export const spreadBuffer = ({ metric }: MetricRow): string => (metric.power === 2 ? "running_var" : "running_scale");

/** The output in evaluation: by the running statistics of the channel, where there are any. */
export function evaluatedByHand(
  norm: NormRow,
  metric: MetricRow,
  feeds: Readonly<Record<string, Tensor>>,
  epsilon: number,
): number[] {
  if (norm.momentum === undefined) return trainedByHand(norm, metric, feeds, epsilon);
  return normalizedByHand(norm, metric, feeds, epsilon, ([, channel]) => ({
    mean: norm.centre ? Number(feeds.running_mean!.data[channel!]) : 0,
    spread: Number(feeds[spreadBuffer(metric)]!.data[channel!]),
  }));
}

/** The running statistics after a training batch: m ← (1 − momentum) m + momentum s, for each group in turn. */
export function runningByHand(
  norm: NormRow,
  metric: MetricRow,
  feeds: Readonly<Record<string, Tensor>>,
): Record<string, number[]> {
  const { momentum, centre } = norm;
  if (momentum === undefined) return {};
  const x = feeds.x!;
  const name = spreadBuffer(metric);
  const spreads = Array.from(feeds[name]!.data, Number);
  const means = centre ? Array.from(feeds.running_mean!.data, Number) : [];
  for (const [key, { n, mean, spread }] of statisticsByHand(norm, metric, x.data as Float32Array, x.shape)) {
    const channel = Number(key.split(",").at(-1));
    const unbiased = metric.metric.power === 2 && centre ? (spread * n) / (n - 1) : spread;
    spreads[channel] = (1 - momentum) * spreads[channel]! + momentum * unbiased;
    if (centre) means[channel] = (1 - momentum) * means[channel]! + momentum * mean;
  }
  return { ...(centre ? { running_mean: means } : {}), [name]: spreads };
}
