import type { OptimizerNumbers } from "../../dynamics/index.js";
import { type ModelGraph, scopeGraph } from "../../foreign/index.js";
import { Graph } from "../../graph/index.js";
import { readRun } from "../../io/files/index.js";
import { precisionOf } from "../from-config.js";
import { imageLogits } from "../image-network.js";
import { networkScope } from "../network-scope.js";
import type { RunConfig } from "../run-config.js";
import type { RunData } from "./load-run.js";
import { readRunConfig } from "./run-config.js";
import { runNetwork } from "./run-network.js";
import { readProgress } from "./run-recorder.js";

/** A run's network to be inspected, with the weights of its last checkpoint, and what it is trained with. */
export interface RunGraph {
  /** The network in training form, on batches of this size. */
  build(batch: number): ModelGraph;
  /** Absent for Adam with coupled decay, whose equilibrium is not covered. */
  readonly optimizer?: OptimizerNumbers;
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/**
 * Reads a run folder for inspection. Its `model.onnx` would not do: there the normalizations are constants already.
 * @throws RunError if the folder holds no run of images, or no checkpoint.
 */
export async function readRunGraph(path: string): Promise<RunGraph> {
  const folder = readRun(path);
  const config = readRunConfig(path);
  const data = folder.config.data as RunData;
  const { tensors } = readProgress(folder, "last");
  const stepsPerEpoch = Math.floor(data.images / config.batch);
  const optimizer = numbersOf(config);
  const { network } = await runNetwork(config, data.classes.length, path);
  return {
    build(batch) {
      const scope = networkScope(new Graph(), { training: true, precision: precisionOf(config) });
      const { shape, pixels, normalization } = data;
      const logits = imageLogits(scope, { network, shape, pixels, ...normalization }, batch);
      return scopeGraph(scope, { images: scope.graph.inputs.get("images")! }, { logits }, (name) => tensors[name]);
    },
    ...(optimizer ? { optimizer } : {}),
    steps: stepsPerEpoch * config.epochs,
    stepsPerEpoch,
  };
}

function numbersOf(config: RunConfig): OptimizerNumbers | undefined {
  const { optimizer, learningRate: rate, weightDecay, momentum, nesterov, decay, beta1 } = config;
  if (optimizer === "adam") return undefined;
  if (optimizer === "adamw") return { optimizer, rate, weightDecay, beta1 };
  return { optimizer: decay === "decoupled" ? "sgdw" : nesterov ? "nesterov" : "sgd", rate, weightDecay, momentum };
}
