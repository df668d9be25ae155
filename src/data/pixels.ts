import { sizeOf } from "../core/index.js";
import type { Batch, ImageDataset, Pixels } from "./dataset.js";

/** An array of the same element type, of zeros. */
export function pixelsLike(images: Pixels, length: number): Pixels {
  return images instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
}

/** Pixels and labels as the tensors of a batch. */
export function batchOf(
  images: Pixels,
  labels: Int32Array,
  shape: ImageDataset["shape"],
  size: number = labels.length,
): Batch {
  const dtype = images instanceof Float32Array ? "float32" : "uint8";
  return {
    images: { dtype, shape: [labels.length, ...shape], data: images },
    labels: { dtype: "int32", shape: [labels.length], data: labels },
    size,
  };
}

/** The number of values in one image. */
export function imageSize(dataset: Pick<ImageDataset, "shape">): number {
  return sizeOf(dataset.shape);
}
