import {
  cast,
  Graph,
  gradients,
  mul,
  type Program,
  type Runtime,
  type State,
  type Tensors,
  type Value,
  zeroIfFinite,
} from "../graph/index.js";
import { type NetworkOptions, networkScope } from "./network-scope.js";
import type { BatchShape, Objective } from "./objective.js";
import { declared } from "./session-cache.js";
import { lossScaleInput } from "./training-step.js";

/** What a diagnosis looks at. */
export interface DiagnosisOptions extends Omit<NetworkOptions, "training"> {
  /** Whether gradients are looked at too, those of the scaled loss. */
  readonly scalesLoss?: boolean;
}

/**
 * For every parameter and layer, in execution order, a number that is 0 where its value or output is finite and NaN where
 * it is not. With a scaled loss the same of the layers' gradients follows, in the order in which they
 * are taken, from the last layer to the first.
 */
export function diagnosisProgram(objective: Objective, shape: BatchShape, options: DiagnosisOptions): Program {
  const graph = new Graph();
  const scope = networkScope(graph, { ...options, training: true });
  const { loss } = objective.apply(scope, shape);
  const { parameters, outputs, precision } = scope;
  const named = (layer: string): string => (layer === "" ? "the network's output" : `layer ${layer}`);
  const probes: [string, Value][] = [
    ...parameters.map(({ name, value }): [string, Value] => [`parameter ${name}`, value]),
    ...outputs.map(({ layer, value }): [string, Value] => [named(layer), value]),
  ];
  if (options.scalesLoss) {
    const wanted = [
      ...outputs.toReversed().map(({ layer, value }) => ({ name: `gradient of ${named(layer)}`, value })),
      ...parameters.toReversed().map(({ name, value }) => ({ name: `gradient of ${name}`, value })),
    ];
    const slopes = gradients(
      mul(loss, graph.input(lossScaleInput)),
      wanted.map(({ value }) => value),
    );
    for (const [index, { name }] of wanted.entries()) {
      const slope = slopes[index];
      // A gradient overflows where it is stored.
      if (slope) probes.push([name, cast(cast(slope, precision.storage), slope.dtype)]);
    }
  }
  // A layer that is applied again, as in a recurrent network, has several outputs.
  const grouped = new Map<string, Value[]>();
  for (const [name, value] of probes) grouped.set(name, [...(grouped.get(name) ?? []), value]);
  return { graph, outputs: Object.fromEntries([...grouped].map(([name, values]) => [name, zeroIfFinite(values)])) };
}

/** Finds the first that is not finite, for a step that left the state as it was; `the loss itself` if none is. */
export async function firstNotFinite(
  runtime: Runtime,
  state: State,
  program: Program,
  feeds: Tensors,
): Promise<string> {
  const probe = await runtime.load(program);
  const sums = await probe.run(declared(program, feeds), { state }).finally(() => probe.close());
  const found = Object.keys(program.outputs).find((name) => !Number.isFinite(Number(sums[name]!.data[0])));
  return found ?? "the loss itself";
}
