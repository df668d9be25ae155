import type { Tensor } from "../../core/index.js";
import { groupNorms, type WeightInvariance } from "../../dynamics/index.js";
import type { ModelGraph } from "../model-graph.js";
import { spreadOf } from "../spread-of.js";
import { floatTensor } from "../weights/float-tensor.js";

/** Below this part of the layer's median norm, and below this size of a gain, which is about 1, a channel counts as dead. */
const negligible = 1e-6;

/**
 * The channels of a weight, counted from 0, that do nothing: their norm is below 10⁻⁶ of the weight's median (or is 0), or
 * the gain |γ| of the batch-norm behind them, where it has the weight's channels, is below 10⁻⁶.
 */
export function deadChannels(found: WeightInvariance, tensor: Tensor, model: ModelGraph): number[] {
  const channels = found.shape[found.axis] ?? 1;
  if (found.shape.length < 2) return [];
  const norms = groupNorms(floatTensor(tensor), { axis: found.axis });
  const shrunken = new Set(shrunkenChannels(norms));
  const gains = gainsBehind(found, model, channels);
  return [...norms.keys()].filter(
    (channel) => shrunken.has(channel) || (gains !== undefined && Math.abs(gains[channel]!) < negligible),
  );
}

/** The channels whose norm is below 10⁻⁶ of the median, or 0. */
export function shrunkenChannels(norms: Float64Array): number[] {
  const { median } = spreadOf(norms);
  return [...norms.keys()].filter((channel) => norms[channel] === 0 || norms[channel]! < negligible * median);
}

/** γ of the first batch-norm that the weight's scale meets, if it has as many channels. */
function gainsBehind({ epsilons, invariance }: WeightInvariance, model: ModelGraph, channels: number) {
  const first = epsilons[0];
  if (first === undefined || invariance !== "channel") return undefined;
  const gain = model.normalizations.find((place) => place.covers(first.at))?.gain;
  const tensor = gain === undefined ? undefined : model.read(gain);
  return tensor?.data.length === channels ? floatTensor(tensor).data : undefined;
}
