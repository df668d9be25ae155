import type { Tensor } from "../core/index.js";
import type { WeightInvariance } from "../dynamics/index.js";
import { floatsOf, groupNorms } from "./group-norms.js";
import type { ModelGraph } from "./model-graph.js";

/** Below this part of the layer's median norm, and below this size of a gain, which is about 1, a channel counts as dead. */
const negligible = 1e-6;

/**
 * The channels of a weight, counted from 0, that do nothing: their norm is below 10⁻⁶ of the weight's median (or is 0), or
 * the gain |γ| of the batch-norm behind them, where it has the weight's channels, is below 10⁻⁶.
 */
export function deadChannels(found: WeightInvariance, tensor: Tensor, model: ModelGraph): number[] {
  const channels = found.shape[found.axis] ?? 1;
  if (found.shape.length < 2) return [];
  const each = Int32Array.from({ length: channels }, (_, channel) => channel);
  const norms = groupNorms(tensor, { kind: "channel", axis: found.axis, groups: each, count: channels });
  const median = Float64Array.from(norms).sort()[(channels - 1) >> 1]!;
  const gains = gainsBehind(found, model, channels);
  return [...each].filter(
    (channel) =>
      norms[channel] === 0 ||
      norms[channel]! < negligible * median ||
      (gains !== undefined && Math.abs(gains[channel]!) < negligible),
  );
}

/** γ of the first batch-norm that the weight's scale meets, if it has as many channels. */
function gainsBehind({ epsilons, invariance }: WeightInvariance, model: ModelGraph, channels: number) {
  const first = epsilons[0];
  if (first === undefined || invariance !== "channel") return undefined;
  const gain = model.normalizations.find((place) => place.covers(first.at))?.gain;
  const tensor = gain === undefined ? undefined : model.read(gain);
  return tensor?.data.length === channels ? floatsOf(tensor) : undefined;
}
