import { randomStream } from "../core/index.js";
import type { TrainingBatchOptions } from "./batch-options.js";
import type { Batch, ImagesInFiles, ImageView } from "./dataset.js";
import { batchOf, imageSize } from "./pixels.js";

type BatchMaker = (epoch: number, index: number) => Promise<Batch>;

/**
 * Makes the training batch at (epoch, index) of images in files: in the order that images in memory would have. While
 * the caller works with one, the next of the epoch is decoded.
 */
export function fileTrainingBatchMaker(
  dataset: ImagesInFiles,
  { batch, seed, augmentation = {} }: TrainingBatchOptions,
): BatchMaker {
  const { labels } = dataset;
  let order: { readonly epoch: number; readonly rows: Uint32Array } | undefined;
  return oneAhead(Math.floor(labels.length / batch), (epoch, index) => {
    if (order?.epoch !== epoch) {
      order = { epoch, rows: randomStream(seed, "shuffle", epoch).permutation(labels.length) };
    }
    const rows = order.rows.subarray(index * batch, (index + 1) * batch);
    return decoded(dataset, rows, batch, (row) => ({ seed, epoch, row, augmentation }));
  });
}

/** Makes the evaluation batches of images in files, their centres, likewise one ahead. */
export function fileEvaluationBatchMaker(dataset: ImagesInFiles, batch: number): BatchMaker {
  const count = dataset.labels.length;
  return oneAhead(Math.ceil(count / batch), (_epoch, index) => {
    const start = index * batch;
    const rows = Uint32Array.from({ length: Math.min(batch, count - start) }, (_, place) => start + place);
    return decoded(dataset, rows, batch, () => undefined);
  });
}

/** Decodes some rows into a batch; places after them stay zero images of class 0. */
async function decoded(
  dataset: ImagesInFiles,
  rows: Uint32Array,
  batch: number,
  trainingOf: (row: number) => ImageView["training"],
): Promise<Batch> {
  const { images, labels, shape } = dataset;
  const perImage = imageSize(dataset);
  const pixels = new Uint8Array(batch * perImage);
  const classes = new Int32Array(batch);
  await Promise.all(
    Array.from(rows, async (row, place) => {
      const training = trainingOf(row);
      const view: ImageView = { size: shape[1], ...(training ? { training } : {}) };
      pixels.set(await images.read(images.paths[row]!, view), place * perImage);
      classes[place] = labels[row]!;
    }),
  );
  return batchOf(pixels, classes, shape, rows.length);
}

/** Makes the batch after the one asked for as well, for the caller to find it made. */
function oneAhead(batchesPerEpoch: number, make: BatchMaker): BatchMaker {
  let next: { readonly epoch: number; readonly index: number; readonly batch: Promise<Batch> } | undefined;
  return (epoch, index) => {
    const batch = next?.epoch === epoch && next.index === index ? next.batch : make(epoch, index);
    next = undefined; // its arrays belong to whoever takes it
    if (index + 1 < batchesPerEpoch) {
      next = { epoch, index: index + 1, batch: make(epoch, index + 1) };
      next.batch.catch(() => {}); // it may fail with nobody waiting; whoever asks for it still sees that
    }
    return batch;
  };
}
