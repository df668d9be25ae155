import {
  expectation,
  InvalidArgumentError,
  isFloating,
  type RandomStream,
  randomStream,
  type Tensor,
} from "../../core/index.js";
import { add, gradients, mul, type Runtime, type State, type Tensors, total } from "../../graph/index.js";
import type { ModelGraph } from "../model-graph.js";
import { floatTensor } from "../weights/float-tensor.js";
import { randomInput, variedWeight } from "./random-tensors.js";

/** A model on random data, with weights that can be exchanged one by one. */
export interface Probe {
  /** The weights that it holds, as they are when nothing is exchanged. */
  readonly weights: ReadonlyMap<string, Tensor<"float32">>;
  /** All outputs, one after the other, with some weights exchanged for this run alone. */
  outputs(exchanged?: Tensors): Promise<Float64Array>;
  /** Gradients of ⟨outputs, random cotangents⟩ with respect to the weights that the outputs depend on, by name. */
  gradients(cotangents: number, exchanged?: Tensors): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

const cotangentName = (index: number): string => `verify/cotangent/${index}`;
const gradientName = (name: string): string => `verify/gradient/${name}`;

/**
 * Puts a model into a runtime, with two sessions on one state.
 *
 * @throws InvalidArgumentError if the model has a tensor without values, or no output that is a number.
 */
export async function openProbe(model: ModelGraph, runtime: Runtime, seed: number): Promise<Probe> {
  const outputs = Object.values(model.outputs).filter(({ dtype }) => isFloating(dtype));
  if (outputs.length === 0) throw new InvalidArgumentError(expectation("verify", "an output of numbers", "none"));
  const weights = heldWeights(model, randomStream(seed, "weights"));
  const feeds = Object.fromEntries(
    Object.entries(model.inputs).map(([name, value]) => [name, randomInput(value, randomStream(seed, "input", name))]),
  );
  const { graph } = model;
  const cotangents = outputs.map(({ shape }, i) => graph.input(cotangentName(i), shape));
  const scalar = outputs.map((output, i) => total(mul(output, cotangents[i]!))).reduce((sum, part) => add(sum, part));
  const trained = model.parameters.filter(({ name }) => weights.has(name));
  const derivatives = gradients(
    scalar,
    trained.map(({ value }) => value),
  );
  const reached = trained.flatMap(({ name }, i) =>
    derivatives[i] ? [[gradientName(name), derivatives[i]] as const] : [],
  );

  const state = await runtime.createState({ ...Object.fromEntries(weights), ...heldBuffers(model) });
  const named = Object.fromEntries(outputs.map((output, i) => [`verify/output/${i}`, output]));
  const forward = await runtime.load({ graph, outputs: named });
  const backward = await runtime.load({ graph, outputs: Object.fromEntries(reached) });

  return {
    weights,
    async outputs(exchanged = {}) {
      const results = await exchange(state, weights, exchanged, () => forward.run(feeds, { state }));
      return Float64Array.from(Object.keys(named).flatMap((name) => Array.from(floatTensor(results[name]!).data)));
    },
    async gradients(index, exchanged = {}) {
      const random = randomStream(seed, "cotangents", index);
      const directions = Object.fromEntries(
        outputs.map((output, i) => [cotangentName(i), randomInput(output, random)] as const),
      );
      const results = await exchange(state, weights, exchanged, () =>
        backward.run({ ...feeds, ...directions }, { state }),
      );
      return Object.fromEntries(
        trained.flatMap(({ name }) => (results[gradientName(name)] ? [[name, results[gradientName(name)]!]] : [])),
      );
    },
    async close() {
      await forward.close();
      await backward.close();
      await state.close();
    },
  };
}

/** Runs with some tensors exchanged, and puts the old ones back. */
async function exchange<T>(
  state: State,
  held: ReadonlyMap<string, Tensor>,
  exchanged: Tensors,
  run: () => Promise<T>,
): Promise<T> {
  const names = Object.keys(exchanged);
  if (names.length > 0) await state.write(exchanged);
  try {
    return await run();
  } finally {
    if (names.length > 0) await state.write(Object.fromEntries(names.map((name) => [name, held.get(name)!])));
  }
}

function heldWeights(model: ModelGraph, random: RandomStream): Map<string, Tensor<"float32">> {
  return new Map(
    model.parameters
      .filter(({ value }) => isFloating(value.dtype))
      .map(({ name }) => [name, variedWeight(required(model, name), random)]),
  );
}

function heldBuffers(model: ModelGraph): Record<string, Tensor> {
  return Object.fromEntries(model.buffers.map((name) => [name, required(model, name)]));
}

function required(model: ModelGraph, name: string): Tensor {
  const tensor = model.read(name);
  if (tensor === undefined) throw new InvalidArgumentError(expectation("verify", `values of ${name}`, "none"));
  return tensor;
}
