import * as v from "valibot";
import {
  batchNorm,
  boundedWeightNorm,
  forcedWeightNorm,
  ghostBatchNorm,
  groupNorm,
  instanceNorm,
  type Metric,
  meanOnlyBatchNorm,
  metricNamed,
  type NormFactory,
  type WeightNorm,
  weightNorm,
  weightStandardization,
} from "../norm/index.js";

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

const metricFields = {
  /** `l2`, `l1`, `l1.5`, `linf`, `top10`, `range`, `range16`, … */
  metric: v.optional(v.pipe(v.string(), v.check(isMetric, metricMessage)), "l2"),
  /** C(n): the paper's formula, the exact expectation, or a number. */
  constant: v.optional(v.union([v.picklist(["paper", "exact"]), positive]), "paper"),
};

/** The normalization of the activations, as a configuration names it. */
export const normSchema = v.strictObject({
  /** `layer` and `rms` are taken over all of an image; `mean-only` is batch-norm without a scale. */
  kind: v.optional(v.picklist(["batch", "ghost", "layer", "group", "instance", "rms", "mean-only", "none"]), "batch"),
  ...metricFields,
  /** Rows of a ghost batch. */
  size: v.optional(count, 32),
  /** Groups of group norm. */
  groups: v.optional(count, 32),
  epsilon: v.optional(positive, 1e-5),
});

/** The reparametrization of the weights, as a configuration names it. */
export const weightNormSchema = v.strictObject({
  kind: v.optional(v.picklist(["none", "weight", "bounded", "forced", "standardization"]), "none"),
  ...metricFields,
  /** What has a magnitude of its own: by default each channel with `weight`, the layer with `bounded` and `forced`. */
  per: v.optional(v.picklist(["channel", "layer"])),
  /** ρ of `bounded` and `forced`; from the initial weight if absent. */
  rho: v.optional(positive),
});

type NormConfig = v.InferOutput<typeof normSchema>;
type WeightNormConfig = v.InferOutput<typeof weightNormSchema>;

/** The normalizations that a configuration names. */
export function normFactoryOf(config: NormConfig): NormFactory {
  const { kind, size, groups, epsilon } = config;
  const common = { metric: metricOf(config), epsilon };
  switch (kind) {
    case "none":
      return "none";
    case "batch":
      return (place) => batchNorm({ ...common, ...place });
    case "ghost":
      return (place) => ghostBatchNorm({ ...common, size, ...place });
    case "layer":
      return (place) => groupNorm({ ...common, groups: 1, ...place });
    case "rms":
      return (place) => groupNorm({ ...common, groups: 1, centre: false, ...place });
    case "group":
      return (place) => groupNorm({ ...common, groups, ...place });
    case "instance":
      return (place) => instanceNorm({ ...common, ...place });
    case "mean-only":
      return () => meanOnlyBatchNorm();
  }
}

/** The weight norm that a configuration names, if any. */
export function weightNormOf(config: WeightNormConfig): WeightNorm | undefined {
  const { kind, per, rho, metric, constant } = config;
  const common = { metric: metricOf({ metric, constant }) };
  const fixed = { ...common, ...(per ? { per } : {}), ...(rho === undefined ? {} : { rho }) };
  switch (kind) {
    case "none":
      return undefined;
    case "weight":
      return weightNorm({ ...common, ...(per ? { per } : {}) });
    case "bounded":
      return boundedWeightNorm(fixed);
    case "forced":
      return forcedWeightNorm(fixed);
    case "standardization":
      return weightStandardization(common);
  }
}

function metricOf({ metric, constant }: Pick<NormConfig, "metric" | "constant">): Metric {
  return metricNamed(metric, { constant });
}

function isMetric(name: string): boolean {
  try {
    return metricNamed(name) !== undefined;
  } catch {
    return false;
  }
}

function metricMessage({ input }: { readonly input: unknown }): string {
  return `expected l2, l1, l1.5, …, linf, top10, …, range, range16, …, got ${input}`;
}
