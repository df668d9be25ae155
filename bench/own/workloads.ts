import { randomStream, sizeOf, tensor } from "../../src/core/index.js";
import type { Layer, Runtime } from "../../src/graph/index.js";
import { Graph } from "../../src/graph/index.js";
import { resnet, resnetCifar, transformer, vgg } from "../../src/models/index.js";
import { noiseFeeds } from "../../src/nn/index.js";
import { batchNorm, boundedWeightNorm, l1, meanOnlyBatchNorm, type NormFactory } from "../../src/norm/index.js";
import { adam, sgd } from "../../src/optim/index.js";
import {
  type EngineOptions,
  imageClassification,
  initialState,
  networkScope,
  type Objective,
  type StepBatch,
  trainingEngine,
  trainingStep,
  translation,
} from "../../src/train/index.js";
import { type Model, type NormModel, translationSizes } from "../models.js";
import { prepareNorm } from "./norm-step.js";
import { timedLoads } from "./timed-loads.js";

/** Something that takes training steps. */
export interface Workload {
  /** Numbers that are trained. */
  readonly parameters: number;
  step(): Promise<void>;
  /** Milliseconds from the description of the network to a session that runs: graph, derivatives, lowering, loading. */
  creationMilliseconds(): number;
  /** Frees its sessions, by which profiles are written. */
  close(): Promise<void>;
}

/** What to prepare. */
export interface WorkloadOptions {
  readonly model: Model | NormModel;
  readonly batch: number;
  /** Whether norms and rotations are measured in every step. */
  readonly measure?: boolean;
}

/** Makes a workload ready; its session is loaded by the first step. */
export function prepare(runtime: Runtime, options: WorkloadOptions): Promise<Workload> {
  const { model, batch } = options;
  if (isNorm(model)) return prepareNorm(runtime, model, batch);
  return model === "transformer"
    ? prepareTraining(runtime, translationTask(batch), options)
    : prepareTraining(runtime, imageTask(model, batch), options);
}

const isNorm = (model: Model | NormModel): model is NormModel => model.startsWith("norm-");

/** What is trained on what: the batch of each step may have noise of its own. */
interface Task {
  readonly engine: EngineOptions;
  batchOf(step: number): StepBatch;
}

async function prepareTraining(runtime: Runtime, task: Task, { measure = false }: WorkloadOptions): Promise<Workload> {
  const timed = timedLoads(runtime);
  const first = trainingStep(task.engine);
  const state = await timed.createState({});
  await state.write(initialState(first, 1), { handOver: true });
  const start = performance.now();
  const engine = trainingEngine(timed, state, task.engine);
  const building = performance.now() - start;
  let index = 0;
  return {
    parameters: first.parameters.reduce((sum, { value }) => sum + sizeOf(value.shape), 0),
    async step() {
      await engine.take(index, 0.01, task.batchOf(index), measure);
      index++;
    },
    creationMilliseconds: () => building + timed.milliseconds,
    close: () => engine.close(),
  };
}

const l1Norm: NormFactory = (place) => batchNorm({ metric: l1(), ...place });
/** As in the experiment on bounded weight norm: the mean is still subtracted. */
const bounded = { norm: () => meanOnlyBatchNorm(), weightNorm: boundedWeightNorm() } as const;

const networks: Readonly<Record<Exclude<Model, "transformer">, () => Layer>> = {
  vgg11: () => vgg(),
  "vgg11-l1": () => vgg({ norm: l1Norm }),
  "vgg11-bwn": () => vgg(bounded),
  resnet20: () => resnetCifar(),
  "resnet20-l1": () => resnetCifar({ norm: l1Norm }),
  "resnet20-bwn": () => resnetCifar({ ...bounded, branchScale: "none" }),
  resnet18: () => resnet({ depth: 18, stem: "cifar" }),
  resnet50: () => resnet({ depth: 50, classes: 1000 }),
};

function imageTask(model: Exclude<Model, "transformer">, batch: number): Task {
  const [side, classes] = model === "resnet50" ? [224, 1000] : [32, 10];
  const shape = [3, side, side] as const;
  const objective = imageClassification({
    network: networks[model](),
    shape,
    pixels: "uint8",
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  });
  const random = randomStream(1, "bench");
  const images = Uint8Array.from({ length: batch * sizeOf(shape) }, () => random.integer(256));
  const labels = Int32Array.from({ length: batch }, () => random.integer(classes));
  const feeds = { images: tensor(images, [batch, ...shape], "uint8"), labels: tensor(labels, [batch], "int32") };
  return {
    engine: { objective, shape: [batch], optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }) },
    batchOf: () => ({ shape: [batch], feeds, items: batch }),
  };
}

function translationTask(batch: number): Task {
  const { length, ...sizes } = translationSizes;
  const objective = translation(transformer(sizes));
  const shape = [batch, length, length];
  const random = randomStream(1, "bench");
  const sentences = () =>
    tensor(
      Int32Array.from({ length: batch * length }, () => 3 + random.integer(sizes.vocabulary - 3)),
      [batch, length],
      "int32",
    );
  const feeds = { source: sentences(), target: sentences(), expected: sentences() };
  const graph = forwardGraph(objective, shape);
  return {
    engine: { objective, shape, optimizer: adam({ beta1: 0.9, beta2: 0.98, epsilon: 1e-9 }) },
    batchOf: (step) => ({ shape, feeds: { ...feeds, ...noiseFeeds(graph, 1, step) }, items: batch }),
  };
}

/** A graph that declares the inputs of an objective. */
function forwardGraph(objective: Objective, shape: readonly number[]): Graph {
  const graph = new Graph();
  objective.apply(networkScope(graph, { training: true }), shape);
  return graph;
}
