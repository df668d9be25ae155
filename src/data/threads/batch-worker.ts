import { parentPort, workerData } from "node:worker_threads";
import type { TrainingBatchOptions } from "../batch-options.js";
import type { ImagesInMemory } from "../dataset.js";
import { trainingBatchMaker } from "../training-batch.js";
import type { BatchReply, BatchRequest } from "./batches-from-worker.js";

/** What the thread is started with; the images lie in shared memory. */
export interface BatchWorkerData {
  readonly dataset: Pick<ImagesInMemory, "images" | "labels" | "shape">;
  readonly options: TrainingBatchOptions;
}

// An error thrown here ends the thread, and reaches the caller as the worker's "error" event.
const { dataset, options } = workerData as BatchWorkerData;
const make = trainingBatchMaker(dataset, options);

parentPort!.on("message", ({ id, epoch, index }: BatchRequest) => {
  const batch = make(epoch, index);
  const images = batch.images.data;
  const labels = batch.labels.data;
  const buffers = [images.buffer, labels.buffer] as ArrayBuffer[];
  parentPort!.postMessage({ id, images, labels } satisfies BatchReply, buffers);
});
