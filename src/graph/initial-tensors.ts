import { expectation, InvalidArgumentError, randomStream, type Tensor, zeros } from "../core/index.js";
import type { Value } from "./graph.js";
import type { Buffer, Initializer, Parameter } from "./scope.js";

/**
 * Parameters and buffers of an untrained network, by name: a pure function of the seed and the names. A model out of a
 * file has the file's values, whatever the seed.
 *
 * @throws InvalidArgumentError if an initial value follows from a parameter that is not there.
 */
export function initialTensors(
  { parameters, buffers }: { readonly parameters: readonly Parameter[]; readonly buffers: readonly Buffer[] },
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
