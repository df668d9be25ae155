import { randomStream, type Tensor, zeros } from "../core/index.js";
import type { Buffer, Parameter } from "../graph/index.js";
import type { TrainingStep } from "./training-step.js";

/** Parameters and buffers of an untrained network: a pure function of the seed and the names. */
function initialWeights(
  parameters: readonly Parameter[],
  buffers: readonly Buffer[],
  seed: number,
): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const { name, value, initializer } of parameters) {
    const data = initializer(value.shape, randomStream(seed, "initial", name));
    tensors[name] = { dtype: "float32", shape: value.shape, data };
  }
  for (const { name, value, initial } of buffers) {
    const filled = zeros(value.shape);
    filled.data.fill(initial);
    tensors[name] = filled;
  }
  return tensors;
}

/** The whole state before the first step: weights, buffers, and the optimizer's kept tensors at 0. */
export function initialState(
  step: Pick<TrainingStep, "parameters" | "buffers" | "slots">,
  seed: number,
): Record<string, Tensor> {
  const kept = step.slots.map(({ name, parameter }) => [name, zeros(parameter.value.shape)] as const);
  return { ...initialWeights(step.parameters, step.buffers, seed), ...Object.fromEntries(kept) };
}
