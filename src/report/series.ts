import { lowerMedian } from "../core/index.js";
import type { ChartLine, ChartView } from "./chart.js";

/** A recorded curve before it is thinned: one seed of one group. */
export interface Series {
  readonly group: number;
  readonly seed: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly low?: readonly number[];
  readonly high?: readonly number[];
}

/** Points that a drawn curve keeps: about one for each two pixels of a chart. */
export const maximumPoints = 320;

/**
 * Thins the curves to {@link maximumPoints} points, adds the mean over seeds to every group that has several, and
 * stores equal positions once. A thinned point is the median of its bucket: unlike a mean it makes no value that was never
 * reached at a jump of the learning rate.
 * @param digits Significant digits kept.
 */
export function chartView(series: readonly Series[], digits = 5): ChartView {
  const x: (readonly number[])[] = [];
  const places = new Map<string, number>();
  const place = (positions: readonly number[]): number => {
    const key = positions.join();
    if (!places.has(key)) places.set(key, x.push(positions.map((value) => Number(value.toPrecision(6)))) - 1);
    return places.get(key)!;
  };
  const thin = series.map(thinned);
  const groups = [...new Set(thin.map((one) => one.group))];
  const drawn = groups.flatMap((group) => {
    const seeds = thin.filter((one) => one.group === group);
    const mean = seeds.length > 1 ? [{ ...meanOf(seeds), group, seed: "mean" as const }] : [];
    return [...seeds, ...mean];
  });
  const round = (values: readonly number[]) =>
    values.map((value) => (Number.isFinite(value) ? Number(value.toPrecision(digits)) : null));
  const lines = drawn.map(
    (one): ChartLine => ({
      group: one.group,
      seed: one.seed,
      x: place(one.x),
      y: round(one.y),
      ...(one.low && { low: round(one.low) }),
      ...(one.high && { high: round(one.high) }),
    }),
  );
  return { x, lines };
}

function thinned(series: Series): Series {
  const size = Math.ceil(series.x.length / maximumPoints);
  if (size <= 1) return series;
  const starts = Array.from({ length: Math.ceil(series.x.length / size) }, (_, i) => i * size);
  const pick = (values: readonly number[], of: (bucket: readonly number[]) => number) =>
    starts.map((start) => of(values.slice(start, start + size)));
  return {
    ...series,
    x: pick(series.x, lowerMedian),
    y: pick(series.y, lowerMedian),
    ...(series.low && { low: pick(series.low, (bucket) => Math.min(...bucket)) }),
    ...(series.high && { high: pick(series.high, (bucket) => Math.max(...bucket)) }),
  };
}

type Curve = Pick<Series, "x" | "y" | "low" | "high">;

/** The mean at the positions that all seeds have; bands become the widest. */
function meanOf(seeds: readonly Series[]): Curve {
  const maps = seeds.map((one) => new Map(one.x.map((position, i) => [position, i])));
  const x = seeds[0]!.x.filter((position) => maps.every((map) => map.has(position)));
  const over = (key: "y" | "low" | "high", combine: (values: number[]) => number) =>
    x.map((position) => combine(seeds.map((one, k) => one[key]![maps[k]!.get(position)!]!)));
  const banded = seeds.every((one) => one.low !== undefined && one.high !== undefined);
  return {
    x,
    y: over("y", (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    ...(banded && { low: over("low", (v) => Math.min(...v)), high: over("high", (v) => Math.max(...v)) }),
  };
}
