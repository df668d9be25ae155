import { assertArgument } from "../core/index.js";
import { type Augmentation, type ImageDataset, isInMemory, type ResizedCrop } from "./dataset.js";

/** Options of {@link trainingBatches}. */
export interface TrainingBatchOptions {
  /** Images in a batch. */
  readonly batch: number;
  /** What the order of the images and the augmentation follow from. */
  readonly seed: number;
  /** None if absent. */
  readonly augmentation?: Augmentation;
}

/** Whole batches in one pass over the dataset. */
export function trainingBatchesPerEpoch(dataset: ImageDataset, { batch }: TrainingBatchOptions): number {
  return Math.floor(dataset.labels.length / batch);
}

/** Throws an InvalidArgumentError unless batches can be made by these options. */
export function assertTrainingBatchOptions(
  where: string,
  dataset: ImageDataset,
  { batch, seed, augmentation }: TrainingBatchOptions,
): void {
  const count = dataset.labels.length;
  assertCount(where, "batch", batch, 1);
  assertArgument(
    batch <= count,
    where,
    `batch of at most ${count} (the images there are)`,
    batch,
    "use a smaller batch",
  );
  assertArgument(Number.isSafeInteger(seed), where, "seed to be an integer", seed);
  const { crop = 0, resizedCrop } = augmentation ?? {};
  assertCount(where, "augmentation.crop", crop, 0);
  if (isInMemory(dataset)) {
    const fix = "use augmentation.crop";
    assertArgument(resizedCrop === undefined, where, "no resizedCrop of images in memory", resizedCrop, fix);
  } else {
    assertArgument(crop === 0, where, "no padding crop of images in files", crop, "use augmentation.resizedCrop");
    if (resizedCrop) assertResizedCrop(where, resizedCrop);
  }
}

function assertResizedCrop(where: string, { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] }: ResizedCrop): void {
  const fits = scale[0] > 0 && scale[0] <= scale[1] && scale[1] <= 1;
  assertArgument(fits, where, "resizedCrop.scale to be two parts in (0, 1], the smaller first", scale);
  const ordered = ratio[0] > 0 && ratio[0] <= ratio[1] && ratio[1] < Number.POSITIVE_INFINITY;
  assertArgument(ordered, where, "resizedCrop.ratio to be two positive numbers, the smaller first", ratio);
}

/** Throws an InvalidArgumentError unless such a batch exists. */
export function assertPosition(where: string, epoch: number, index: number, batchesPerEpoch: number): void {
  assertCount(where, "epoch", epoch, 0);
  const exists = Number.isSafeInteger(index) && index >= 0 && index < batchesPerEpoch;
  assertArgument(exists, where, `index to be an integer in [0, ${batchesPerEpoch})`, index);
}

/** Throws an InvalidArgumentError unless the value is a whole number, and large enough. */
export function assertCount(where: string, what: string, value: number, least: number): void {
  assertArgument(Number.isSafeInteger(value) && value >= least, where, `${what} to be an integer ≥ ${least}`, value);
}
