import type { EpsilonUse, WeightInvariance } from "../../dynamics/index.js";
import type { ModelGraph } from "../model-graph.js";
import { type Spread, spreadOf } from "../spread-of.js";
import { floatTensor } from "../weights/float-tensor.js";

/** How far ε keeps a weight from being exactly scale-invariant. */
export interface EpsilonEffect {
  /** The ε that its scale meets. */
  readonly epsilons: readonly { readonly epsilon: number; readonly degree: number; readonly at: string }[];
  /**
   * (k/p)·ε/(σᵖ + ε) over the channels of the batch-norms behind it: the relative change of a normalized output for a small
   * relative change of the norm; 0 is exact. σᵖ is the running statistic (p = 2: the variance), k the degree of what ε is
   * added to. Absent where a normalization without running statistics, or with other channels than the weight's, decides:
   * only running the model can tell then.
   */
  readonly effect?: Spread;
}

/** What ε does to a weight at the present variances. Undefined if its scale meets no ε. */
export function epsilonEffect(found: WeightInvariance, model: ModelGraph): EpsilonEffect | undefined {
  if (found.epsilons.length === 0) return undefined;
  const channels = found.invariance === "tensor" ? undefined : found.shape[found.axis];
  const parts = found.epsilons.map((use) => effectOf(use, model, channels));
  const known = parts.every((part) => part !== undefined);
  const effect = known ? spreadOf(parts.flatMap((part) => [...part])) : undefined;
  return {
    epsilons: found.epsilons.map(({ epsilon, degree, at }) => ({
      epsilon,
      degree,
      at: model.nameOf(at) ?? String(at),
    })),
    ...(effect ? { effect } : {}),
  };
}

function effectOf({ epsilon, degree, at }: EpsilonUse, model: ModelGraph, channels?: number): number[] | undefined {
  const place = model.normalizations.find((each) => each.covers(at));
  const spread = place?.spread === undefined ? undefined : model.read(place.spread);
  if (place === undefined || spread === undefined) return undefined;
  if (channels !== undefined && spread.data.length !== channels) return undefined;
  const { data } = floatTensor(spread);
  return Array.from(data, (value) => ((degree / place.power) * epsilon) / (Math.max(value, 0) + epsilon));
}
