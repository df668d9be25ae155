import { type Shape, sizeOf, type Tensor } from "../../../src/core/index.js";
import {
  boundedWeightNorm,
  forcedWeightNorm,
  type Metric,
  type WeightNorm,
  weightNorm,
  weightStandardization,
} from "../../../src/norm/index.js";
import { mean } from "./arithmetic.js";
import { estimateByHand, type MetricRow, metricRows } from "./metrics.js";

/** A weight normalization, and what is claimed of it. */
export interface WeightNormRow {
  readonly name: string;
  readonly make: (metric: Metric, epsilon?: number) => WeightNorm;
  /** The stored parameter that the weight is made of. */
  readonly stored: "weight_v" | "weight";
  /** What is normalized together: a row of the weight, or all of it. */
  readonly group: "channel" | "layer";
  /** A group of the weight, of the same group of what is stored. */
  readonly weight: (metric: MetricRow, v: readonly number[], magnitude: number, epsilon: number) => number[];
  /** The tensor that holds the magnitudes: one per channel, or one. */
  readonly magnitudes?: "weight_g" | "weight_rho";
  /** ρ, if the norm of every channel is held: what it starts as, given the 2-norms of the initial channels. */
  readonly rho?: (channelNorms: readonly number[], channel: number) => number;
}

/** ‖v‖ = √m · C(m) · s(v). */
export function normByHand(metric: MetricRow, v: readonly number[]): number {
  return Math.sqrt(v.length) * estimateByHand(metric, v, mean) ** (1 / metric.metric.power);
}

const atNorm = (metric: MetricRow, v: readonly number[], magnitude: number): number[] => {
  const norm = normByHand(metric, v);
  return v.map((x) => (magnitude * x) / norm);
};

function standardizedByHand(row: MetricRow, v: readonly number[], _magnitude: number, epsilon: number): number[] {
  const average = mean(v);
  const centred = v.map((x) => x - average);
  const spread = estimateByHand(row, centred, mean);
  return centred.map((x) => x / (row.metric.power === 2 ? Math.sqrt(spread + epsilon) : spread + epsilon));
}

const ofLayer = (norms: readonly number[]): number => Math.hypot(...norms) / Math.sqrt(norms.length);
const ofChannel = (norms: readonly number[], channel: number): number => norms[channel]!;
const bounded = { stored: "weight_v", group: "channel", magnitudes: "weight_rho", weight: atNorm } as const;
const forced = { ...bounded, stored: "weight" } as const;

/** The table's weight normalizations: a new one is a row here. */
export const weightNormRows: readonly WeightNormRow[] = [
  {
    name: "weightNorm per channel",
    make: (metric) => weightNorm({ metric }),
    stored: "weight_v",
    group: "channel",
    magnitudes: "weight_g",
    weight: atNorm,
  },
  {
    name: "weightNorm per layer",
    make: (metric) => weightNorm({ metric, per: "layer" }),
    stored: "weight_v",
    group: "layer",
    magnitudes: "weight_g",
    weight: atNorm,
  },
  { ...bounded, name: "boundedWeightNorm", make: (metric) => boundedWeightNorm({ metric }), rho: ofLayer },
  {
    ...bounded,
    name: "boundedWeightNorm, ρ per channel",
    make: (metric) => boundedWeightNorm({ metric, per: "channel" }),
    rho: ofChannel,
  },
  {
    ...bounded,
    name: "boundedWeightNorm, ρ = 2.5",
    make: (metric) => boundedWeightNorm({ metric, rho: 2.5 }),
    rho: () => 2.5,
  },
  { ...forced, name: "forcedWeightNorm", make: (metric) => forcedWeightNorm({ metric }), rho: ofLayer },
  {
    ...forced,
    name: "forcedWeightNorm, ρ per channel",
    make: (metric) => forcedWeightNorm({ metric, per: "channel" }),
    rho: ofChannel,
  },
  {
    name: "weightStandardization",
    make: (metric, epsilon) => weightStandardization({ metric, ...(epsilon ? { epsilon } : {}) }),
    stored: "weight",
    group: "channel",
    weight: standardizedByHand,
  },
];

/** Every weight normalization with every metric. */
export const weightPairs: readonly (readonly [string, WeightNormRow, MetricRow])[] = weightNormRows.flatMap((row) =>
  metricRows.map((metric) => [`${row.name}, ${metric.name}`, row, metric] as const),
);

/** Those of them that hold the norm of every channel. */
export const heldPairs = weightPairs.filter(([, { rho }]) => rho);

/** The groups of a weight's elements. */
export function groupsOf({ group }: WeightNormRow, values: ArrayLike<number>, [channels]: Shape): number[][] {
  const all = Array.from(values);
  const count = group === "channel" ? channels! : 1;
  const length = all.length / count;
  return Array.from({ length: count }, (_, i) => all.slice(i * length, (i + 1) * length));
}

/** The weight of stored tensors, written out. */
export function weightByHand(
  row: WeightNormRow,
  metric: MetricRow,
  tensors: Readonly<Record<string, Tensor>>,
  epsilon = 1e-5,
): number[] {
  const v = tensors[row.stored]!;
  const magnitudes = row.magnitudes ? Array.from(tensors[row.magnitudes]!.data, Number) : [1];
  return groupsOf(row, v.data as Float32Array, v.shape).flatMap((group, i) =>
    row.weight(metric, group, magnitudes[magnitudes.length === 1 ? 0 : i]!, epsilon),
  );
}

/** Each group times a factor of its own. */
export function scaledGroups(row: WeightNormRow, v: Tensor): Tensor<"float64"> {
  const groups = groupsOf(row, v.data as Float32Array, v.shape);
  const data = Float64Array.from(groups.flatMap((group, i) => group.map((x) => x * (3 + i))));
  if (data.length !== sizeOf(v.shape)) throw new Error(`groups that do not cover [${v.shape}]`);
  return { dtype: "float64", shape: v.shape, data };
}
