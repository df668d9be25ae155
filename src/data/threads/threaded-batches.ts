import { Worker } from "node:worker_threads";
import { assertArgument, builtFile } from "../../core/index.js";
import { assertTrainingBatchOptions, type TrainingBatchOptions, trainingBatchesPerEpoch } from "../batch-options.js";
import { trainingBatches } from "../batches.js";
import { type BatchSource, type ImageDataset, isInMemory, type Pixels } from "../dataset.js";
import type { BatchWorkerData } from "./batch-worker.js";
import { batchesFromWorker } from "./batches-from-worker.js";

/** Options of {@link threadedBatches}. */
export interface ThreadedBatchOptions extends TrainingBatchOptions {
  /** How many of the following batches are made while the caller works with one; 2 if absent. */
  readonly ahead?: number;
}

/**
 * The batches of `trainingBatches`, bit for bit, made in a worker thread while the training step runs. The
 * dataset is copied once, into memory that both threads share; batches are handed over without a copy.
 *
 * Images in files are decoded in threads of their own anyway, whoever asks: for them it is `trainingBatches`.
 *
 * The thread does not keep the process alive unless a batch is being waited for. When it fails, the batch waited for
 * and all later ones reject.
 *
 * @throws InvalidArgumentError as `trainingBatches` does, or if `ahead` is no count.
 */
export function threadedBatches(dataset: ImageDataset, options: ThreadedBatchOptions): BatchSource {
  const { batch, seed, augmentation = {}, ahead = 2 } = options;
  assertTrainingBatchOptions("threadedBatches", dataset, options);
  assertArgument(Number.isSafeInteger(ahead) && ahead >= 0, "threadedBatches", "ahead to be an integer ≥ 0", ahead);

  if (!isInMemory(dataset)) return trainingBatches(dataset, { batch, seed, augmentation });

  const workerData: BatchWorkerData = {
    dataset: { images: sharedImages(dataset.images), labels: dataset.labels, shape: dataset.shape },
    options: { batch, seed, augmentation },
  };
  // Flags of the parent, such as --input-type, may be refused for a worker's file.
  const worker = new Worker(builtFile(import.meta.url, "./batch-worker.js"), { workerData, execArgv: [] });
  const batchesPerEpoch = trainingBatchesPerEpoch(dataset, options);
  return batchesFromWorker(worker, { batchesPerEpoch, shape: dataset.shape, ahead });
}

/** The images in memory that threads share: where they are if that is such memory already, else a copy. */
function sharedImages(images: Pixels): Pixels {
  if (images.buffer instanceof SharedArrayBuffer) return images;
  const buffer = new SharedArrayBuffer(images.byteLength);
  const copy = images instanceof Float32Array ? new Float32Array(buffer) : new Uint8Array(buffer);
  copy.set(images);
  return copy;
}
