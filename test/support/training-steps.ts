import { randomStream, type Tensor, tensor } from "../../src/core/index.js";
import type { Program, Tensors } from "../../src/graph/index.js";
import type { Layer } from "../../src/graph/layer.js";
import { sgd } from "../../src/optim/index.js";
import {
  imageClassification,
  initialState,
  lossScaleInput,
  type TrainingStepOptions,
  trainingStep,
} from "../../src/train/index.js";

/** A training step and what it is fed. */
export interface Case {
  readonly program: Program;
  readonly feeds: Tensors;
  readonly state: Tensors;
}

/** A step of a network on random images, with initial weights of a seed; of ten classes. */
export function stepOf(
  network: Layer,
  batch: number,
  size: number,
  seed: number,
  more: Partial<TrainingStepOptions> = {},
): Case {
  const step = trainingStep({
    objective: imageClassification({
      network,
      shape: [3, size, size],
      pixels: "uint8",
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    }),
    shape: [batch],
    optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
    ...more,
  });
  const random = randomStream(1, "steps");
  const feeds: Record<string, Tensor> = {
    images: tensor(
      Uint8Array.from({ length: batch * 3 * size * size }, () => random.integer(256)),
      [batch, 3, size, size],
      "uint8",
    ),
    labels: tensor(
      Int32Array.from({ length: batch }, () => random.integer(10)),
      [batch],
      "int32",
    ),
  };
  for (const name of step.program.graph.inputs.keys()) {
    if (name.startsWith("rate/")) feeds[name] = tensor([0.1], []);
    if (name === lossScaleInput) feeds[name] = tensor([128], []);
    if (name.startsWith("step/")) feeds[name] = tensor([0.5], []);
  }
  return { program: step.program, feeds, state: initialState(step, seed) };
}
