import { l1, l2, lInf, lp, type Metric, range, topK } from "../../../src/norm/index.js";
import { largestMagnitudes, type MeanOf, parts } from "./arithmetic.js";
import { expectedTop } from "./order-statistics.js";

/** A metric, and what is claimed of it: written out with loops. */
export interface MetricRow {
  readonly name: string;
  readonly metric: Metric;
  /** s of centred numbers; for l2, whose metric returns the square, s². */
  readonly statistic: (x: readonly number[], mean: MeanOf) => number;
  /** C(n). */
  readonly constant: (n: number) => number;
  /** E s for n standard normal numbers (which are not centred). */
  readonly expectation: (n: number) => number;
}

const paper = (n: number): number =>
  (1 + Math.sqrt(Math.PI * Math.log(4))) / (2 * Math.sqrt(2 * Math.log(n === 1 ? 2 : n)));

const absolute = (x: readonly number[]): number[] => x.map(Math.abs);
const meanMagnitude = Math.sqrt(2 / Math.PI);

const powerRow = (name: string, metric: Metric, p: number, moment: number): MetricRow => ({
  name,
  metric,
  statistic: (x, mean) => {
    const largest = Math.max(...absolute(x)); // as it is computed: half precision sees the quotients
    return largest === 0 ? 0 : largest * mean(absolute(x).map((v) => (v / largest) ** p)) ** (1 / p);
  },
  constant: () => moment ** (-1 / p),
  expectation: () => moment ** (1 / p),
});

const topRow = (name: string, metric: Metric, k: number, exact: boolean): MetricRow => {
  const expectation = remembered((n) => expectedTop(n, Math.min(k, n), "magnitude"));
  return {
    name,
    metric,
    statistic: (x, mean) => mean(largestMagnitudes(x, k)),
    constant: exact ? (n) => 1 / expectation(n) : paper,
    expectation,
  };
};

const maximumRow = (name: string, metric: Metric, exact: boolean): MetricRow => ({
  ...topRow(name, metric, 1, exact),
  statistic: (x) => Math.max(...absolute(x)),
});

const rangeRow = (name: string, metric: Metric, chunks: number, exact: boolean): MetricRow => {
  const chunkLength = (n: number): number => Math.max(parts(new Array<number>(n).fill(0), chunks)[0]!.length, 2);
  const largest = remembered((n) => expectedTop(n, 1, "normal"));
  return {
    name,
    metric,
    statistic: (x, mean) => {
      const spans = parts(x, chunks).map((part) => (Math.max(...part) - Math.min(...part)) / 2);
      return spans.length === 1 ? spans[0]! : mean(spans);
    },
    constant: (n) => 1 / (exact ? largest(chunkLength(n)) : Math.sqrt(2 * Math.log(chunkLength(n)))),
    expectation: (n) => largest(chunkLength(n)),
  };
};

/** The table's metrics: a new one is a row here. */
export const metricRows: readonly MetricRow[] = [
  {
    name: "l2",
    metric: l2(),
    statistic: (x, mean) => mean(x.map((v) => v * v)),
    constant: () => 1,
    expectation: () => 1, // of s², unless it is small n and centred
  },
  {
    name: "l1",
    metric: l1(),
    statistic: (x, mean) => mean(absolute(x)),
    constant: () => Math.sqrt(Math.PI / 2),
    expectation: () => meanMagnitude,
  },
  {
    name: "l1, constant ×4",
    metric: l1({ constant: 4 * Math.sqrt(Math.PI / 2) }),
    statistic: (x, mean) => mean(absolute(x)),
    constant: () => 4 * Math.sqrt(Math.PI / 2),
    expectation: () => meanMagnitude,
  },
  powerRow("lp(1.5)", lp(1.5), 1.5, (2 ** 0.75 * 0.9064024770554771) / Math.sqrt(Math.PI)), // Γ(5/4)
  powerRow("lp(3)", lp(3), 3, 2 * meanMagnitude),
  maximumRow("lInf", lInf(), false),
  maximumRow("lInf exact", lInf({ constant: "exact" }), true),
  topRow("topK(10)", topK(10), 10, false),
  topRow("topK(3) exact", topK(3, { constant: "exact" }), 3, true),
  rangeRow("range", range(), 1, false),
  rangeRow("range exact", range({ constant: "exact" }), 1, true),
  rangeRow("range, 4 chunks", range({ chunks: 4 }), 4, false),
];

/** σᵖ as a metric is to estimate it, p being its power: (C(n)·s)ᵖ of centred numbers. */
export function estimateByHand(row: MetricRow, x: readonly number[], mean: MeanOf): number {
  return row.constant(x.length) ** row.metric.power * row.statistic(x, mean);
}

function remembered(f: (n: number) => number): (n: number) => number {
  const known = new Map<number, number>();
  return (n) => {
    const value = known.get(n) ?? f(n);
    known.set(n, value);
    return value;
  };
}
