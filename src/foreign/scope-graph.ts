import type { Tensor } from "../core/index.js";
import type { Scope, Value } from "../graph/index.js";
import type { ModelGraph, NormalizationPlace } from "./model-graph.js";

/**
 * A network of ours as a model to inspect, from the scope in which its layers declared what they have.
 *
 * @param read The values of its parameters and buffers, by name.
 */
export function scopeGraph(
  scope: Scope,
  inputs: Readonly<Record<string, Value>>,
  outputs: Readonly<Record<string, Value>>,
  read: (name: string) => Tensor | undefined,
): ModelGraph {
  const layers = new Map(scope.outputs.map(({ layer, value }) => [value, layer]));
  return {
    graph: scope.graph,
    inputs,
    outputs,
    parameters: scope.parameters,
    buffers: scope.buffers.map(({ name }) => name),
    normalizations: normalizationsOf(scope),
    unknown: [],
    nameOf: (value) => layers.get(value) || undefined,
    read,
  };
}

function normalizationsOf({ statistics, buffers, parameters }: Scope): NormalizationPlace[] {
  return statistics
    .filter(({ name }) => name === "scale")
    .map(({ layer, value: statistic }) => {
      const gain = parameters.find(({ name }) => name === `${layer}.weight`);
      const spread = buffers.find(({ name }) => name === `${layer}.running_var` || name === `${layer}.running_scale`);
      return {
        name: layer,
        ...(gain ? { gain: gain.name } : {}),
        ...(spread ? { spread: spread.name } : {}),
        power: spread?.name.endsWith("running_var") ? 2 : 1,
        covers: ({ source }) => source.kind === "apply" && source.inputs.includes(statistic),
      };
    });
}
