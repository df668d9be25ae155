import {
  type Augmentation,
  type BatchSource,
  channelStatistics,
  type ImageDataset,
  type TrainingBatchOptions,
} from "../data/index.js";
import type { Layer, Runtime } from "../graph/index.js";
import type { ImageNetwork } from "./image-network.js";
import type { EpochRecord } from "./records.js";
import type { LoopEvent } from "./training-loop.js";
import type { TrainingOptions } from "./training-options.js";

/** What to train, on what, and how. */
export interface TrainOptions extends TrainingOptions<EpochRecord> {
  readonly network: Layer;
  readonly data: ImageDataset;
  /** Evaluated after each epoch; chooses the best checkpoint. */
  readonly validation?: ImageDataset;
  readonly runtime: Runtime;
  /** Images per step; 128 by default. */
  readonly batch?: number;
  readonly augmentation?: Augmentation;
  /** Mean and standard deviation that images are normalized with; those of `data` by default. */
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Makes the source of training batches; in this thread by default. */
  readonly batches?: (data: ImageDataset, options: TrainingBatchOptions) => BatchSource | Promise<BatchSource>;
  /** Told after each step. */
  readonly onStep?: (event: StepEvent) => void;
}

/** Told after each step. */
export interface StepEvent extends Omit<LoopEvent, "itemsPerSecond"> {
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
