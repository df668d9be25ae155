import { isDeepStrictEqual } from "node:util";
import { expectation, RunError } from "../../core/index.js";
import { embeddedDataset, readDataset } from "../../data/files/index.js";
import { fingerprint, type ImageDataset } from "../../data/index.js";
import { threadedBatches } from "../../data/threads/index.js";
import { foldedExport, isOnnxNetwork } from "../../foreign/index.js";
import { Graph, type Runtime } from "../../graph/index.js";
import { RunFolder, readRun } from "../../io/files/index.js";
import { version } from "../../io/files/package-version.js";
import { parseSchedule } from "../../optim/index.js";
import { checkTrainOptions } from "../check-options.js";
import { normalizationOf, requireFieldsOfModel } from "../foreign-config.js";
import { augmentationOf, groupsOf, lossScaleOf, optimizerOf, precisionOf, trainingDataOf } from "../from-config.js";
import { forward } from "../image-network.js";
import type { EpochRecord } from "../records.js";
import type { RunConfig } from "../run-config.js";
import { imageNetworkOf, type StepEvent, type TrainOptions } from "../train-options.js";
import { type TrainingResult, train } from "../trainer.js";
import { controlOf } from "./control-from-config.js";
import { readInitialWeights } from "./initial-weights.js";
import type { RunData } from "./load-run.js";
import { requireComparable } from "./recorded-run.js";
import { requireSameConfig } from "./run-config.js";
import { originalModel, runNetwork, sha256 } from "./run-network.js";
import { checkpointOf, epochRecords, readSnapshot, runRecorder } from "./run-recorder.js";
import { loweringOf, runRuntime } from "./run-runtime.js";

/** Options of {@link runTraining}. */
export interface RunTrainingOptions {
  /** Continue the run that the folder holds; it is an error if it holds none. */
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  /** The runtime to use; one of `config.threads` threads and `config.lowering`, closed at the end, if absent. */
  readonly runtime?: Runtime;
  /** Told after each epoch. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Told after each step. */
  readonly onStep?: (event: StepEvent) => void;
  /** Told what a person should know of the model or the runtime before it is trained. */
  readonly onNotice?: (notice: string) => void;
  /** Called with the finished training before it is closed. */
  readonly onFinished?: (result: TrainingResult) => Promise<void>;
}

/** How a run in a folder ended. */
export interface RunOutcome {
  readonly epochs: readonly EpochRecord[];
  readonly interrupted: boolean;
  readonly cappedChannels: number;
}

/**
 * Reads the training or test images that a configuration names.
 * @param imageSize Height and width that images in class folders are brought to; 224 if absent.
 */
export function loadDataset(source: string, split: "train" | "test", imageSize?: number): Promise<ImageDataset> {
  if (source === "embedded") return embeddedDataset(split);
  return readDataset(source, split, imageSize === undefined ? {} : { imageSize });
}

/**
 * Trains as a configuration says, in a run folder: logs, norms, checkpoints, and at the end `model.onnx`.
 * Killed at any moment, it resumes to the same bits.
 */
export async function runTraining(
  config: RunConfig,
  path: string,
  options: RunTrainingOptions = {},
): Promise<RunOutcome> {
  requireFieldsOfModel(config);
  const all = await loadDataset(config.data, "train", config.imageSize);
  const { training, validation } = trainingDataOf(config, all);
  const normalization = normalizationOf(config, training);
  const { network, original } = await runNetwork(config, training.classes.length, options.resume ? path : undefined);
  const notice = isOnnxNetwork(network) ? foldedExport(network.file) : undefined;
  if (notice !== undefined) options.onNotice?.(`${config.model}: ${notice}`);
  const resumed = options.resume && readRun(path).hasCheckpoint("last"); // what it started from is no longer needed
  const initial =
    config.init === undefined || resumed
      ? undefined
      : await readInitialWeights(config.init, tensorsOf({ network, data: training, normalization }, config.batch));
  const data: RunData = {
    name: training.name,
    images: training.labels.length,
    shape: training.shape,
    classes: training.classes,
    pixels: training.images instanceof Float32Array ? "float32" : "uint8",
    normalization,
    fingerprint: {
      training: await fingerprint(training),
      ...(validation ? { validation: await fingerprint(validation) } : {}),
      ...(initial ? { init: initial.fingerprint } : {}),
      ...(original ? { model: sha256(original) } : {}),
    },
  };
  // All that can be wrong with the options is found before the folder is made.
  const { epochs, batch, learningRate, measureEvery, measureGradients, seed, checkpointEvery, compareWith } = config;
  const lossScale = lossScaleOf(config);
  const stepsPerEpoch = Math.floor(training.labels.length / batch);
  const chosen = {
    network,
    data: training,
    ...(validation ? { validation } : {}),
    epochs,
    batch,
    learningRate,
    schedule: parseSchedule(config.schedule),
    optimizer: optimizerOf(config, stepsPerEpoch),
    groups: groupsOf(config),
    precision: precisionOf(config),
    ...(lossScale === undefined ? {} : { lossScale }),
    overflowLimit: config.overflowLimit,
    normalization,
    augmentation: augmentationOf(config, training),
    seed,
    measureEvery,
    measureGradients,
    checkpointEvery,
    batches: threadedBatches,
    ...(initial ? { initial: initial.tensors } : {}),
    ...(compareWith === undefined ? {} : { reference: (epoch: number) => readSnapshot(compareWith, epoch) }),
  };
  checkTrainOptions(chosen);
  const control = controlOf(config, stepsPerEpoch);
  if (control) checkTrainOptions({ ...chosen, control });
  requireComparable(config);

  const runtime = options.runtime ?? (await runRuntime(config, options, options.resume ? path : undefined));
  let folder: RunFolder | undefined;
  try {
    folder = options.resume
      ? await RunFolder.open(path)
      : await RunFolder.create(path, {
          config,
          data,
          lowering: await loweringOf(runtime),
          versions: {
            normwise: version,
            node: process.version,
            runtime: runtime.name,
            platform: `${process.platform}-${process.arch}`,
          },
          createdAt: new Date().toISOString(),
        });
    if (options.resume) requireSameRun(folder, config, data);
    if (original) await folder.writeFile(originalModel, original);
    const resume = options.resume ? await resumePoint(folder) : undefined;
    const result = await train({
      ...chosen,
      runtime,
      recorder: runRecorder(folder, config.snapshots),
      ...(control ? { control } : {}),
      ...(resume ? { resume } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.onEpoch ? { onEpoch: options.onEpoch } : {}),
      ...(options.onStep ? { onStep: options.onStep } : {}),
    });
    try {
      if (!result.interrupted) await folder.writeFile("model.onnx", await result.model.toOnnx());
      await options.onFinished?.(result);
      const { interrupted, progress } = result;
      return { epochs: result.epochs, interrupted, cappedChannels: progress.cappedChannels };
    } finally {
      await result.close();
    }
  } finally {
    await folder?.close();
    if (!options.runtime) await runtime.close();
  }
}

/** Throws a RunError unless a run was started with the same options on the same data and, if foreign, model. */
function requireSameRun(folder: RunFolder, config: RunConfig, { fingerprint: own }: RunData): void {
  requireSameConfig(folder.path, config);
  const held = (folder.config.data as Partial<RunData> | undefined)?.fingerprint;
  const { init, model } = own;
  if (!isDeepStrictEqual({ ...held, init, model }, { ...own, init, model })) {
    throw new RunError(expectation(`resume ${folder.path}`, "the data that the run began with", "other data"));
  }
  if (own.init !== undefined && own.init !== held?.init) {
    throw new RunError(expectation(`resume ${folder.path}`, "the weights that the run began with", "others"));
  }
  if (model !== held?.model) {
    throw new RunError(expectation(`resume ${folder.path}`, "the model that the run began with", "another file"));
  }
}

/** The tensors of an untrained network, for the images that it is to be trained on. */
function tensorsOf(options: Pick<TrainOptions, "network" | "data" | "normalization">, batch: number) {
  const { scope } = forward(new Graph(), imageNetworkOf(options), batch, { training: true });
  return [...scope.parameters, ...scope.buffers];
}

/** Where the last checkpoint left off; without one, the run starts anew. */
async function resumePoint(folder: RunFolder) {
  const last = await folder.resume();
  if (last === undefined) return undefined;
  return { ...checkpointOf(last, `${folder.path}, checkpoint last`), epochs: epochRecords(folder) };
}
