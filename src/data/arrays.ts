import { assertArgument, sizeOf } from "../core/index.js";
import type { ImagesInMemory } from "./dataset.js";

/** What {@link arrays} wraps. */
export interface ArraysOptions {
  /** Pixels as [n, channels, height, width], row-major; kept without a copy. */
  readonly images: Uint8Array | Float32Array;
  /** The class of each image, counted from 0. */
  readonly labels: ArrayLike<number>;
  /** Shape of one image. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Name of each class; `"0"`, `"1"`, … up to the largest label if absent. */
  readonly classes?: readonly string[];
  /** What it is, for logs; `"arrays"` if absent. */
  readonly name?: string;
}

/**
 * A dataset from arrays that a person has.
 *
 * @throws InvalidArgumentError if there is no image, a length does not fit the shape, a label is not a class, or a
 *   value is not finite.
 * @example
 * const dataset = arrays({ images: new Uint8Array(2 * 28 * 28), labels: [0, 1], shape: [1, 28, 28] });
 */
export function arrays({ images, labels, shape, classes, name = "arrays" }: ArraysOptions): ImagesInMemory {
  const sizes = shape.length === 3 && shape.every((size) => Number.isSafeInteger(size) && size > 0);
  assertArgument(sizes, "arrays", "shape to be three positive counts [channels, height, width]", shape);
  assertArgument(
    images instanceof Uint8Array || images instanceof Float32Array,
    "arrays",
    "images to be a Uint8Array or a Float32Array",
    Object.prototype.toString.call(images),
  );
  assertArgument(labels.length > 0, "arrays", "at least one image", "no labels");
  assertArgument(
    images.length === labels.length * sizeOf(shape),
    "arrays",
    `images.length = labels.length * ${shape.join(" * ")} (${labels.length * sizeOf(shape)})`,
    images.length,
  );
  assertFinite(images);
  const largest = largestLabel(labels);
  const names = classes ?? Array.from({ length: largest + 1 }, (_, label) => String(label));
  assertArgument(
    largest < names.length,
    "arrays",
    `labels below the number of classes (${names.length})`,
    largest,
    "name every class",
  );
  return { name, images, labels: Int32Array.from(labels), shape, classes: names };
}

/** More classes than this are taken for a mistake: a label that is an id, say. */
const mostClasses = 2 ** 20;

function largestLabel(labels: ArrayLike<number>): number {
  let largest = 0;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    const valid = Number.isInteger(label) && label >= 0 && label < mostClasses;
    assertArgument(valid, "arrays", `labels[${row}] to be an integer in [0, ${mostClasses})`, label);
    if (label > largest) largest = label;
  }
  return largest;
}

function assertFinite(images: Uint8Array | Float32Array): void {
  if (images instanceof Uint8Array) return;
  const bad = images.findIndex((value) => !Number.isFinite(value));
  assertArgument(bad < 0, "arrays", `images[${bad}] to be finite`, images[bad]);
}
