import { numbersOf, scalar, type Tensor, zeros } from "../../src/core/index.js";
import { Graph, gradients, type Program, type Runtime, type State } from "../../src/graph/index.js";
import { resnetCifar, vgg } from "../../src/models/index.js";
import { mean, softmaxCrossEntropy } from "../../src/nn/index.js";
import { sgd } from "../../src/optim/index.js";
import { forward, type ImageNetwork } from "../../src/train/image-network.js";
import { imageClassification } from "../../src/train/image-objective.js";
import { rateInput, trainingStep } from "../../src/train/training-step.js";
import {
  type Distance,
  type GoldenTraining,
  goldenBatch,
  goldenInitial,
  type Kind,
  norm,
} from "../support/golden-values.js";

/** Tensors by name, as ordinary numbers. */
export type Values = Readonly<Record<string, readonly number[]>>;

/** What a training leaves: the loss of each step, and the tensors at the recorded ones. */
export interface Trained {
  readonly losses: readonly number[];
  readonly at: Readonly<Record<number, Readonly<Record<Kind, Values>>>>;
}

/** How a golden training is repeated. */
export interface Repeat {
  readonly steps: number;
  /** Steps, from 1, whose tensors are kept. */
  readonly recorded: readonly number[];
  readonly nesterov?: boolean;
}

const gradientPrefix = "gradient/";

/** Trains as the golden file says, with Normwise's own step program. */
export async function repeatTraining(golden: GoldenTraining, runtime: Runtime, repeat: Repeat): Promise<Trained> {
  const network: ImageNetwork = {
    network: golden.model === "vgg11" ? vgg({ width: golden.width }) : resnetCifar({ width: golden.width }),
    shape: [3, 32, 32],
    pixels: "uint8",
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  };
  const optimizer = sgd({
    momentum: golden.momentum,
    weightDecay: golden.weight_decay,
    nesterov: repeat.nesterov ?? false,
  });
  const step = trainingStep({ objective: imageClassification(network), shape: [golden.batch], optimizer });
  const parameters = step.parameters.map(({ name }) => name);
  const buffers = step.buffers.map(({ name }) => name);
  const state = await runtime.createState(
    Object.fromEntries([
      ...[...step.parameters, ...step.buffers].map(({ name, value }): [string, Tensor] => [
        name,
        goldenInitial(golden.seed, name, value.shape),
      ]),
      ...step.slots.map(({ name, parameter }): [string, Tensor] => [name, zeros(parameter.value.shape)]),
    ]),
  );
  const session = await runtime.load(step.program);
  const slopes = await runtime.load(gradientProgram(network, golden.batch));
  const rates = Object.fromEntries(step.groups.map(({ name }) => [rateInput(name), scalar(golden.lr, "float64")]));

  const losses: number[] = [];
  const at: Record<number, Record<Kind, Values>> = {};
  for (let count = 1; count <= repeat.steps; count++) {
    const feeds = goldenBatch(golden.seed, count, golden.batch);
    const kept = repeat.recorded.includes(count);
    const gradientValues = kept ? plain(await slopes.run({ ...feeds }, { state }), gradientPrefix) : {};
    const { loss } = await session.run({ ...feeds, ...rates }, { state });
    losses.push(numbersOf(loss!)[0]!);
    if (kept) {
      at[count] = {
        gradients: gradientValues,
        parameters: await read(state, parameters),
        statistics: await read(state, buffers),
      };
    }
  }
  await session.close();
  await slopes.close();
  await state.close();
  return { losses, at };
}

/** The gradients of the mean loss, as outputs `gradient/` + the parameter's name (an output needs a name of its own). */
function gradientProgram(network: ImageNetwork, batch: number): Program {
  const graph = new Graph();
  const { scope, logits } = forward(graph, network, batch, { training: true });
  const loss = mean(softmaxCrossEntropy(logits, graph.input("labels", [batch], "int32")));
  const { parameters } = scope;
  const slopes = gradients(
    loss,
    parameters.map(({ value }) => value),
  );
  return {
    graph,
    outputs: Object.fromEntries(parameters.map(({ name }, index) => [`${gradientPrefix}${name}`, slopes[index]!])),
  };
}

const read = async (state: State, names: readonly string[]): Promise<Values> => plain(await state.read(names));

/** Tensors as numbers, named without the prefix. */
const plain = (tensors: Readonly<Record<string, Tensor>>, prefix = ""): Values =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name.slice(prefix.length), numbersOf(tensor)]));

/** The 2-norm of all tensors as one vector. */
export const wholeNorm = (values: Values): number => norm(Object.values(values).map(norm));

/** Relative 2-norm distances, as in the golden files. */
export function distance(values: Values, truth: Values): Distance {
  const apart = Object.fromEntries(
    Object.entries(truth).map(([name, true_]) => [name, true_.map((value, i) => values[name]![i]! - value)]),
  );
  return {
    whole: wholeNorm(apart) / wholeNorm(truth),
    each: Object.fromEntries(Object.entries(apart).map(([name, change]) => [name, norm(change) / norm(truth[name]!)])),
  };
}
