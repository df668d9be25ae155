import { expectation, InvalidArgumentError, type Tensor, zeros } from "../core/index.js";
import { initialTensors } from "../graph/index.js";
import type { TrainingStep } from "./training-step.js";

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
  const weights = initialTensors(step, seed);
  for (const [name, { shape, dtype }] of Object.entries(given)) {
    const own = weights[name];
    if (own?.dtype === dtype && own.shape.join() === shape.join()) continue;
    const wanted = own ? `${name} as ${own.dtype} [${own.shape}]` : "names of the network's parameters and buffers";
    throw new InvalidArgumentError(expectation("initial weights", wanted, own ? `${dtype} [${shape}]` : name));
  }
  return { ...weights, ...given, ...Object.fromEntries(kept) };
}
