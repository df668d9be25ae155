import { expectation, InvalidArgumentError, randomStream, type Tensor, zeros } from "../core/index.js";
import type { Buffer, Initializer, Parameter, Value } from "../graph/index.js";
import type { TrainingStep } from "./training-step.js";

/** Parameters and buffers of an untrained network: a pure function of the seed and the names. */
function initialWeights(
  parameters: readonly Parameter[],
  buffers: readonly Buffer[],
  seed: number,
): Record<string, Tensor> {
  const made = new Map<string, Float32Array>();
  const make = (name: string, { shape }: Value, initializer: Initializer): Float32Array => {
    const data = made.get(name) ?? initializer(shape, randomStream(seed, "initial", name), initialOf);
    made.set(name, data);
    return data;
  };
  const initialOf = (name: string): Float32Array => {
    const parameter = parameters.find((each) => each.name === name);
    if (!parameter) throw new InvalidArgumentError(expectation("initial values", "a parameter of the network", name));
    return make(name, parameter.value, parameter.initializer);
  };
  const tensors: Record<string, Tensor> = {};
  for (const { name, value, initializer } of parameters) {
    tensors[name] = { dtype: "float32", shape: value.shape, data: make(name, value, initializer) };
  }
  for (const { name, value, initial } of buffers) {
    const filled = zeros(value.shape);
    if (typeof initial === "number") filled.data.fill(initial);
    else filled.data.set(make(name, value, initial));
    tensors[name] = filled;
  }
  return tensors;
}

/**
 * The whole state before the first step: weights, buffers, and the optimizer's kept tensors at 0.
 * @param given Parameters and buffers that start as these instead, by name.
 * @throws InvalidArgumentError if one of them is none of the network's, or has another shape.
 */
export function initialState(
  step: Pick<TrainingStep, "parameters" | "buffers" | "slots">,
  seed: number,
  given: Readonly<Record<string, Tensor>> = {},
): Record<string, Tensor> {
  const kept = step.slots.map(({ name, shape }) => [name, zeros(shape)] as const);
  const weights = initialWeights(step.parameters, step.buffers, seed);
  for (const [name, { shape, dtype }] of Object.entries(given)) {
    const own = weights[name];
    if (own?.dtype === dtype && own.shape.join() === shape.join()) continue;
    const wanted = own ? `${name} as ${own.dtype} [${own.shape}]` : "names of the network's parameters and buffers";
    throw new InvalidArgumentError(expectation("initial weights", wanted, own ? `${dtype} [${shape}]` : name));
  }
  return { ...weights, ...given, ...Object.fromEntries(kept) };
}
