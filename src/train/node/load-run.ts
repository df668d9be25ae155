import { expectation, RunError } from "../../core/index.js";
import type { Runtime } from "../../graph/index.js";
import { readRun } from "../../io/files/index.js";
import { evaluator } from "../evaluation.js";
import { precisionOf } from "../from-config.js";
import type { ImageNetwork } from "../image-network.js";
import { type TrainedModel, trainedModel } from "../trained-model.js";
import { exactControl } from "./control-from-config.js";
import { readRunConfig } from "./run-config.js";
import { requireSameModel, runNetwork } from "./run-network.js";
import { readProgress } from "./run-recorder.js";

/** What `run.json` holds of what a run was trained on, under `data`. */
export interface RunData {
  readonly name: string;
  /** Number of training images. */
  readonly images: number;
  readonly shape: readonly [number, number, number];
  readonly classes: readonly string[];
  /** What images are normalized with, per channel. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly pixels: "uint8" | "float32";
  readonly fingerprint: {
    readonly training: string;
    readonly validation?: string;
    /** Of the weights that the run started from, if they are a file's. */
    readonly init?: string;
    /** Of the `.onnx` file that the run's network comes from, if it does. */
    readonly model?: string;
  };
}

/** The network of a run folder as a checkpoint has it. Close the state with {@link LoadedRun.close}. */
export interface LoadedRun {
  readonly model: TrainedModel;
  /** Where the run's training images came from. */
  readonly source: string;
  /** Frees the state and the evaluation; the runtime stays open. */
  close(): Promise<void>;
}

/**
 * Loads a run's network from a checkpoint, `last` by default.
 * @throws RunError if the folder holds no run, or the checkpoint is missing or damaged.
 */
export async function loadRun(
  path: string,
  runtime: Runtime,
  options: { readonly checkpoint?: "last" | "best"; readonly batch?: number } = {},
): Promise<LoadedRun> {
  const { checkpoint = "last", batch = 128 } = options;
  const folder = readRun(path);
  const config = readRunConfig(path);
  const data = folder.config.data as RunData;
  const own = await runNetwork(config, data.classes.length, path);
  requireSameModel(path, data.fingerprint.model, own.original);
  const network: ImageNetwork = {
    network: own.network,
    shape: data.shape,
    pixels: data.pixels,
    ...data.normalization,
  };
  if (checkpoint === "best" && !folder.hasCheckpoint("best")) {
    const fix = "a run without validation images has none; take the last";
    throw new RunError(expectation(path, "a checkpoint best", folder.checkpoints().join(", ") || "none", fix));
  }
  const { tensors, progress } = readProgress(folder, checkpoint);
  const control = exactControl(config, Math.floor(data.images / config.batch));
  const state = await runtime.createState(tensors);
  const judge = await evaluator(runtime, network, batch, {
    scalesEpsilon: control?.scalesEpsilon ?? false,
    precision: precisionOf(config),
  });
  const epsilonScale = control?.epsilonScaleAfter(progress.step) ?? 1;
  return {
    model: trainedModel({ network, state, runtime, judge, epsilonScale, classes: data.classes }),
    source: config.data,
    async close() {
      await judge.close();
      await state.close();
    },
  };
}
