import { div, Graph, mul, type Parameter, type Program, reshape, type Value } from "../graph/index.js";
import { scaleProportional } from "../norm/index.js";
import type { SlotKind } from "../optim/index.js";
import { channelNorms, channelsOf, flat } from "./measure.js";
import type { TrainingStep } from "./training-step.js";

/** Output `norms`: the 2-norms of all channels of the tracked weights, as in a training step. */
export function normsProgram(tracked: readonly Parameter[]): Program {
  const graph = new Graph();
  const norms = tracked.map((parameter) => {
    const weight = graph.input(parameter.name, parameter.value.shape);
    return channelNorms(weight, parameter);
  });
  return { graph, outputs: { norms: flat(norms) } };
}

/** Name of the input that holds a weight's scale factors, [C, 1, …]. */
export const rescaleInput = (parameter: string): string => `rescale/${parameter}`;

/**
 * w ← c·w for every tracked weight, and m ← m/c, v ← v/c² for its kept tensors: a momentum sums gradients, which scale as
 * 1/c, and Adam's second moment their squares.
 * Running statistics behind the weight are scaled with it, so that evaluation is left as it is too.
 * Output `norms`: the norms afterwards.
 */
export function rescaleProgram({
  tracked,
  buffers,
  slots,
}: Pick<TrainingStep, "tracked" | "buffers" | "slots">): Program {
  const graph = new Graph();
  const updates: Record<string, Value> = {};
  const norms = tracked.map((parameter) => {
    const { name } = parameter;
    const { shape, rank } = parameter.value;
    const factor = graph.input(rescaleInput(name), [channelsOf(parameter), ...new Array<number>(rank - 1).fill(1)]);
    const scaled = mul(graph.input(name, shape), factor);
    updates[name] = scaled;
    for (const { name: kept, degree, shape: held, parameter: owner } of slots) {
      if (owner.name === name) updates[kept] = scaledBy(factor, degree, graph.input(kept, held));
    }
    // A statistic has one value per channel of the weight, or several where the network was flattened between them.
    const byChannel = (values: Value): Value => reshape(values, [channelsOf(parameter), -1]);
    for (const { name: buffer, value, follows } of buffers) {
      if (follows?.weight !== name) continue;
      const bias = (offset: string): Value => byChannel(graph.input(offset, value.shape));
      const kept = byChannel(graph.input(buffer, value.shape));
      updates[buffer] = reshape(scaleProportional(kept, byChannel(factor), follows, bias), value.shape);
    }
    return channelNorms(scaled, parameter);
  });
  return { graph, outputs: { norms: flat(norms) }, updates };
}

/** cᵈx for a degree d of a kept tensor. */
function scaledBy(factor: Value, degree: SlotKind["degree"], kept: Value): Value {
  if (degree === 1) return mul(kept, factor);
  return Array.from({ length: -degree }).reduce<Value>((scaled) => div(scaled, factor), kept);
}
