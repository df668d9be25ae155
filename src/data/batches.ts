import {
  assertCount,
  assertTrainingBatchOptions,
  type TrainingBatchOptions,
  trainingBatchesPerEpoch,
} from "./batch-options.js";
import { closable } from "./closable.js";
import { type BatchSource, type ImageDataset, isInMemory } from "./dataset.js";
import { fileEvaluationBatchMaker, fileTrainingBatchMaker } from "./file-batches.js";
import { batchOf, imageSize, pixelsLike } from "./pixels.js";
import { trainingBatchMaker } from "./training-batch.js";

export type { TrainingBatchOptions };

/**
 * Batches for training: the images in a new random order each epoch, augmented, without the last partial batch.
 * Each batch is a pure function of (dataset, seed, epoch, index), so a resumed run sees the same ones; the order of the
 * images and their augmentation do not depend on the batch size.
 *
 * @throws InvalidArgumentError if the batch is empty or larger than the dataset, the seed or the crop is no count, or
 *   the augmentation is not one for such images.
 * @example
 * const source = trainingBatches(dataset, { batch: 128, seed: 1, augmentation: { crop: 4, flip: true } });
 * const { images, labels } = await source.batch(0, 0);
 */
export function trainingBatches(dataset: ImageDataset, options: TrainingBatchOptions): BatchSource {
  assertTrainingBatchOptions("trainingBatches", dataset, options);
  const make = isInMemory(dataset) ? trainingBatchMaker(dataset, options) : fileTrainingBatchMaker(dataset, options);
  return closable("trainingBatches", trainingBatchesPerEpoch(dataset, options), make);
}

/**
 * Batches for evaluation: the images in their order, unchanged, the same in every epoch. The last batch is filled up
 * with zero images of class 0; its `size` counts the real ones.
 *
 * @throws InvalidArgumentError if the batch is empty.
 */
export function evaluationBatches(dataset: ImageDataset, { batch }: { readonly batch: number }): BatchSource {
  assertCount("evaluationBatches", "batch", batch, 1);
  const { labels, shape } = dataset;
  const batchesPerEpoch = Math.ceil(labels.length / batch);
  if (!isInMemory(dataset))
    return closable("evaluationBatches", batchesPerEpoch, fileEvaluationBatchMaker(dataset, batch));
  const { images } = dataset;
  const perImage = imageSize(dataset);
  return closable("evaluationBatches", batchesPerEpoch, (_epoch, index) => {
    const start = index * batch;
    const end = Math.min(start + batch, labels.length);
    const pixels = pixelsLike(images, batch * perImage);
    pixels.set(images.subarray(start * perImage, end * perImage));
    const classes = new Int32Array(batch);
    classes.set(labels.subarray(start, end));
    return batchOf(pixels, classes, shape, end - start);
  });
}
