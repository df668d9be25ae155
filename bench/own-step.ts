import { createInterface } from "node:readline";
import { randomStream, tensor } from "../src/core/index.js";
import type { Batch } from "../src/data/index.js";
import type { Runtime } from "../src/graph/index.js";
import { resnetCifar, vgg } from "../src/models/index.js";
import { sgd } from "../src/optim/index.js";
import { nodeRuntime } from "../src/runtime/node/index.js";
import {
  type EngineOptions,
  imageClassification,
  imageStepBatch,
  initialState,
  trainingEngine,
  trainingStep,
} from "../src/train/index.js";
import type { Ask, Taken } from "./peer.js";

// Normwise's side of the benchmark: the counterpart of torch/step.py, with the same lines in and out.

/** Takes the given number of training steps. */
type Steps = (count: number) => Promise<void>;

async function prepare(runtime: Runtime, { model, batch, measure = false }: Ask): Promise<Steps> {
  const options: EngineOptions = {
    objective: imageClassification({
      network: model === "vgg11" ? vgg() : resnetCifar(),
      shape: [3, 32, 32],
      pixels: "uint8",
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    }),
    shape: [batch],
    optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
  };
  const state = await runtime.createState(initialState(trainingStep(options), 1));
  const engine = trainingEngine(runtime, state, options);
  const data = imageStepBatch(randomBatch(batch));
  let index = 0;
  return async (count) => {
    for (let taken = 0; taken < count; taken++) await engine.take(index++, 0.01, data, measure);
  };
}

function randomBatch(batch: number): Batch {
  const random = randomStream(1, "bench");
  const pixels = Uint8Array.from({ length: batch * 3 * 32 * 32 }, () => random.integer(256));
  const labels = Int32Array.from({ length: batch }, () => random.integer(10));
  return { images: tensor(pixels, [batch, 3, 32, 32], "uint8"), labels: tensor(labels, [batch], "int32"), size: batch };
}

const say = (message: object): void => console.log(JSON.stringify(message));
let runtime: Runtime | undefined;
let prepared: { readonly key: string; readonly steps: Steps } | undefined;

async function answer(ask: Ask): Promise<Taken> {
  runtime ??= await nodeRuntime({ threads: ask.threads });
  const { steps: count, ...configuration } = ask;
  const key = JSON.stringify(configuration);
  if (prepared === undefined) prepared = { key, steps: await prepare(runtime, ask) };
  if (prepared.key !== key) throw new Error(`own-step: expected one configuration per process, ${prepared.key}`);
  const start = performance.now();
  await prepared.steps(count);
  return { seconds: (performance.now() - start) / 1000, peakMegabytes: process.resourceUsage().maxRSS / 1024 };
}

say({ versions: { node: process.version } });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await answer(JSON.parse(line)));
  } catch (error) {
    say({ error: String(error) }); // the asker decides what a failure means
  }
}
await runtime?.close();
