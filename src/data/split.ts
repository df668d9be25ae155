import { assertArgument, randomStream } from "../core/index.js";
import { type ImageDataset, isInMemory } from "./dataset.js";
import { imageSize, pixelsLike } from "./pixels.js";

/** Options of {@link splitValidation}: how many images are set aside, and how they are chosen. */
export type SplitOptions = ({ readonly fraction: number } | { readonly count: number }) & {
  readonly seed: number;
  /** Whether each class gives its share of the images, to within one; true if absent. */
  readonly balanced?: boolean;
};

/** A dataset in two parts without a common image. */
export interface Split<D extends ImageDataset = ImageDataset> {
  readonly training: D;
  readonly validation: D;
}

/**
 * The images at these rows, in this order; a number means the first so many.
 *
 * @throws InvalidArgumentError if a row does not exist or none is named.
 */
export function subset<D extends ImageDataset>(dataset: D, rows: number | ArrayLike<number>): D {
  const count = dataset.labels.length;
  const length = typeof rows === "number" ? rows : rows.length;
  const valid = Number.isSafeInteger(length) && length >= 1;
  assertArgument(valid, "subset", "at least one row", length);
  const chosen = Uint32Array.from({ length }, (_, place) => {
    const row = typeof rows === "number" ? place : rows[place]!;
    const exists = Number.isSafeInteger(row) && row >= 0 && row < count;
    assertArgument(exists, "subset", `rows in [0, ${count})`, row);
    return row;
  });
  return {
    ...dataset,
    images: imagesAt(dataset, chosen),
    labels: Int32Array.from(chosen, (row) => dataset.labels[row]!),
  };
}

function imagesAt(dataset: ImageDataset, rows: Uint32Array): ImageDataset["images"] {
  if (!isInMemory(dataset)) {
    const { paths, sizes, read } = dataset.images;
    return { paths: Array.from(rows, (row) => paths[row]!), sizes: Array.from(rows, (row) => sizes[row]!), read };
  }
  const perImage = imageSize(dataset);
  const images = pixelsLike(dataset.images, rows.length * perImage);
  for (const [place, row] of rows.entries()) {
    images.set(dataset.images.subarray(row * perImage, (row + 1) * perImage), place * perImage);
  }
  return images;
}

/**
 * Sets images aside for validation, chosen at random by the seed; both parts keep the order of the dataset.
 *
 * @throws InvalidArgumentError if a part would be empty, or the seed is no integer.
 * @example
 * const { training, validation } = splitValidation(dataset, { fraction: 0.1, seed: 1 });
 */
export function splitValidation<D extends ImageDataset>(dataset: D, options: SplitOptions): Split<D> {
  const total = dataset.labels.length;
  const count = "count" in options ? options.count : Math.round(options.fraction * total);
  const valid = Number.isSafeInteger(count) && count >= 1 && count < total;
  const asked = "count" in options ? `count ${options.count}` : `fraction ${options.fraction} (${count} images)`;
  assertArgument(valid, "splitValidation", `from 1 to ${total - 1} images to set aside`, asked);
  assertArgument(Number.isSafeInteger(options.seed), "splitValidation", "seed to be an integer", options.seed);

  const order = randomStream(options.seed, "split").permutation(total);
  const chosen = new Uint8Array(total);
  if (options.balanced ?? true) {
    const left = shares(dataset, count);
    for (const row of order) {
      const label = dataset.labels[row]!;
      if (left[label]! > 0) {
        left[label]!--;
        chosen[row] = 1;
      }
    }
  } else {
    for (const row of order.subarray(0, count)) chosen[row] = 1;
  }
  const rows = Uint32Array.from({ length: total }, (_, row) => row);
  return {
    training: subset(
      dataset,
      rows.filter((row) => chosen[row] === 0),
    ),
    validation: subset(
      dataset,
      rows.filter((row) => chosen[row] === 1),
    ),
  };
}

/** How many images each class gives: its share rounded down, and one more where the largest fractions were cut off. */
function shares({ labels, classes }: ImageDataset, count: number): number[] {
  const sizes = new Array<number>(classes.length).fill(0);
  for (const label of labels) sizes[label]!++;
  const exact = sizes.map((size) => (size * count) / labels.length);
  const whole = exact.map(Math.floor);
  const missing = count - whole.reduce((sum, share) => sum + share, 0);
  const byFraction = exact.map((share, label) => ({ label, fraction: share - Math.floor(share) }));
  byFraction.sort((a, b) => b.fraction - a.fraction || a.label - b.label);
  for (const { label } of byFraction.slice(0, missing)) whole[label]!++;
  return whole;
}
