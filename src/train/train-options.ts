import type { Tensor } from "../core/index.js";
import {
  type Augmentation,
  type BatchSource,
  channelStatistics,
  type ImageDataset,
  type TrainingBatchOptions,
} from "../data/index.js";
import type { Layer, Runtime } from "../graph/index.js";
import type { GroupRule, Optimizer, Schedule, StepControl } from "../optim/index.js";
import type { ImageNetwork } from "./image-network.js";
import type { Checkpoint, EpochRecord, Recorder } from "./records.js";

/** What to train, on what, and how. */
export interface TrainOptions {
  readonly network: Layer;
  readonly data: ImageDataset;
  /** Evaluated after each epoch; chooses the best checkpoint. */
  readonly validation?: ImageDataset;
  readonly runtime: Runtime;
  readonly epochs: number;
  /** Images per step; 128 by default. */
  readonly batch?: number;
  /** Base learning rate η, per step. */
  readonly learningRate: number;
  /** Multiplies the base rate over the steps; constant by default. */
  readonly schedule?: Schedule;
  readonly optimizer: Optimizer;
  /** Parameters that are treated differently; none by default. */
  readonly groups?: readonly GroupRule[];
  /** Takes over the step size of the scale-invariant weights. */
  readonly control?: StepControl;
  readonly augmentation?: Augmentation;
  /** Mean and standard deviation that images are normalized with; those of `data` by default. */
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Initial weights, order of images and augmentation follow from it; 1 by default. */
  readonly seed?: number;
  /** Norms and rotations are measured every so many steps, and at the end of each epoch; 10 by default. */
  readonly measureEvery?: number;
  /** A checkpoint every so many steps, beside the one at the end of each epoch. */
  readonly checkpointEvery?: number;
  /** Makes the source of training batches; in this thread by default. */
  readonly batches?: (data: ImageDataset, options: TrainingBatchOptions) => BatchSource | Promise<BatchSource>;
  readonly recorder?: Recorder;
  /** Continues from a checkpoint instead of fresh weights. */
  readonly resume?: Checkpoint & { readonly epochs: readonly EpochRecord[] };
  /** Weights of another run at the end of an epoch, to compare directions with. */
  readonly reference?: (epoch: number) => Promise<Readonly<Record<string, Tensor>>>;
  /** Stops after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Told after each epoch, when its record and checkpoints are written. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Told after each step. */
  readonly onStep?: (event: StepEvent) => void;
}

/** Told after each step. */
export interface StepEvent {
  /** Steps taken, and to be taken in all. */
  readonly step: number;
  readonly steps: number;
  /** The epoch under way, from 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Over the epoch so far. */
  readonly imagesPerSecond: number;
}

/** The network with the images that it is to be trained on. */
export function imageNetworkOf({
  network,
  data,
  normalization = trainingNormalization(data),
}: Pick<TrainOptions, "network" | "data" | "normalization">): ImageNetwork {
  const pixels = data.images instanceof Float32Array ? "float32" : "uint8";
  return { network, shape: data.shape, pixels, ...normalization };
}

/** What images are normalized with: the channels' mean and standard deviation; a constant channel's counts as 1. */
export function trainingNormalization(data: ImageDataset): { mean: number[]; std: number[] } {
  const { mean, std } = channelStatistics(data);
  return { mean, std: std.map((deviation) => deviation || 1) };
}
