import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { arrays, type ImageDataset, type ImagesInMemory, isInMemory } from "../../src/data/index.js";

/** `count` images of random non-zero bytes, or floats; each image is its own class, so a label tells the row. */
export function numbered(
  count: number,
  shape: readonly [number, number, number],
  type: "uint8" | "float32" = "uint8",
): ImagesInMemory {
  const random = randomStream(7, "images");
  const length = count * shape[0] * shape[1] * shape[2];
  const images =
    type === "uint8"
      ? Uint8Array.from({ length }, () => 1 + random.integer(255))
      : Float32Array.from({ length }, () => random.normal());
  return arrays({ images, labels: Array.from({ length: count }, (_, row) => row), shape });
}

/** The dataset, as one whose images are in memory. */
export function inMemory(dataset: ImageDataset): ImagesInMemory {
  if (!isInMemory(dataset)) throw new Error(`expected images in memory, got files: ${dataset.name}`);
  return dataset;
}

/** An IDX file. */
export function idx(shape: readonly number[], elements: ArrayLike<number>): Uint8Array {
  const header = shape.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  return Uint8Array.from([0, 0, 8, shape.length, ...header, ...Array.from(elements)]);
}

/** A new folder that goes away after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "normwise-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
