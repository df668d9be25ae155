import { randomStream, type Tensor } from "../../core/index.js";
import type { Initializer, Scope } from "../../graph/index.js";

/** The parameters and buffers of a scope whose initial values are those of a file. */
export function heldTensors({ parameters, buffers }: Scope): Record<string, Tensor> {
  const none = (): never => {
    throw new Error("a tensor of a file depends on no other");
  };
  const read = (name: string, shape: readonly number[], initial: number | Initializer): [string, Tensor] => {
    const size = shape.reduce((product, n) => product * n, 1);
    const data =
      typeof initial === "number"
        ? new Float32Array(size).fill(initial)
        : initial(shape, randomStream(0, "file", name), none);
    return [name, { dtype: "float32", shape, data }];
  };
  return Object.fromEntries([
    ...parameters.map(({ name, value, initializer }) => read(name, value.shape, initializer)),
    ...buffers.map(({ name, value, initial }) => read(name, value.shape, initial)),
  ]);
}
