import { assertArgument } from "../core/index.js";
import { type ImageDataset, isInMemory } from "./dataset.js";
import { imageSize, pixelsLike } from "./pixels.js";

/**
 * The dataset with each image in the middle of a square of zeros: 28×28 becomes 32×32, which halves evenly more often.
 * An odd rest goes to the bottom and the right. A dataset of that size already is returned as it is.
 *
 * Zeros count in {@link channelStatistics} like other pixels.
 *
 * @throws InvalidArgumentError if the images are larger than that, or in files, which `readDataset` resizes instead.
 */
export function zeroPadTo<D extends ImageDataset>(dataset: D, size: number): D {
  const [channels, height, width] = dataset.shape;
  const fits = Number.isSafeInteger(size) && size >= height && size >= width;
  assertArgument(fits, "zeroPadTo", `size to be an integer of at least ${Math.max(height, width)}`, size);
  if (height === size && width === size) return dataset;
  assertArgument(isInMemory(dataset), "zeroPadTo", "images in memory", "images in files", "read them at that size");
  const { images, labels } = dataset;

  const top = Math.floor((size - height) / 2);
  const left = Math.floor((size - width) / 2);
  const shape = [channels, size, size] as const;
  const padded = pixelsLike(images, labels.length * imageSize({ shape }));
  for (let plane = 0; plane < labels.length * channels; plane++) {
    for (let y = 0; y < height; y++) {
      const row = (plane * height + y) * width;
      padded.set(images.subarray(row, row + width), (plane * size + top + y) * size + left);
    }
  }
  return { ...dataset, images: padded, shape };
}
