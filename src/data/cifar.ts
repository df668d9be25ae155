import { DataError, expectation } from "../core/index.js";
import { cifar10Classes } from "./class-names.js";
import type { ImagesInMemory } from "./dataset.js";
import type { NamedBytes } from "./idx.js";
import { assertLabels } from "./labels.js";

/** Images and labels of one file of CIFAR's binary version. */
export interface CifarImages {
  /** [n, 3, 32, 32]. */
  readonly images: Uint8Array;
  /** The class; CIFAR-100's fine one. */
  readonly labels: Int32Array;
  /** The superclass of each image, from 0 to 19; CIFAR-100 only. */
  readonly coarseLabels?: Int32Array;
}

/** Options of {@link cifarDataset}. */
export interface CifarOptions {
  /** Which labels of CIFAR-100 to use: its 100 classes or its 20 superclasses; `fine` if absent. */
  readonly labels?: "fine" | "coarse";
  /** Name of each class; CIFAR-10's own, or numbers for CIFAR-100, if absent. */
  readonly classes?: readonly string[];
  /** `CIFAR-10` or `CIFAR-100` if absent. */
  readonly name?: string;
}

const pixels = 3 * 32 * 32;

/**
 * Reads a file of the binary version of CIFAR-10 (records of 1 label byte and 3072 pixel bytes) or CIFAR-100 (a coarse
 * and a fine label byte first).
 *
 * @param from What the bytes are, for messages.
 * @throws DataError if there is no whole number of records, or a label is out of range.
 */
export function parseCifar(bytes: Uint8Array, kind: 10 | 100, from = "parseCifar"): CifarImages {
  const labelBytes = kind === 10 ? 1 : 2;
  const record = labelBytes + pixels;
  const count = Math.floor(bytes.length / record);
  if (count === 0 || bytes.length % record !== 0) {
    const fix = "the file is cut short or not CIFAR's binary version";
    throw new DataError(expectation(from, `whole records of ${record} bytes`, `${bytes.length} bytes`, fix));
  }
  const images = new Uint8Array(count * pixels);
  const labels = new Int32Array(count);
  const coarseLabels = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const start = row * record;
    coarseLabels[row] = bytes[start]!;
    labels[row] = bytes[start + labelBytes - 1]!;
    images.set(bytes.subarray(start + labelBytes, start + record), row * pixels);
  }
  assertLabels(from, labels, kind);
  if (kind === 10) return { images, labels };
  assertLabels(from, coarseLabels, 20);
  return { images, labels, coarseLabels };
}

/**
 * A dataset from the files of a split of CIFAR's binary version, one after the other.
 *
 * @throws DataError as {@link parseCifar} does, or if the number of class names is wrong.
 */
export function cifarDataset(files: readonly NamedBytes[], kind: 10 | 100, options: CifarOptions = {}): ImagesInMemory {
  const coarse = kind === 100 && options.labels === "coarse";
  const classCount = coarse ? 20 : kind;
  const classes =
    options.classes ?? (kind === 10 ? cifar10Classes : Array.from({ length: classCount }, (_, i) => String(i)));
  if (classes.length !== classCount) {
    throw new DataError(expectation("cifarDataset", `${classCount} class names`, classes.length));
  }
  const parts = files.map(({ bytes, from }) => parseCifar(bytes, kind, from));
  const count = parts.reduce((sum, part) => sum + part.labels.length, 0);
  const images = new Uint8Array(count * pixels);
  const labels = new Int32Array(count);
  let row = 0;
  for (const part of parts) {
    images.set(part.images, row * pixels);
    labels.set(coarse ? part.coarseLabels! : part.labels, row);
    row += part.labels.length;
  }
  const name = options.name ?? `CIFAR-${kind}${coarse ? " (superclasses)" : ""}`;
  return { name, images, labels, shape: [3, 32, 32], classes };
}
