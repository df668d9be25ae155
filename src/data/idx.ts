import { DataError, expectation, sizeOf, type Tensor } from "../core/index.js";
import { digitClasses } from "./class-names.js";
import type { ImagesInMemory } from "./dataset.js";
import { assertLabels } from "./labels.js";

/** Bytes, and where they came from for messages: a path or an address. */
export interface NamedBytes {
  readonly from: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the IDX format of MNIST: two zero bytes, the element type (only 8, unsigned bytes), the number of axes, their
 * sizes as big-endian 32-bit integers, then the elements. The result shares memory with `bytes`.
 *
 * @param from What the bytes are, for messages.
 * @throws DataError if the magic number is another, or the length does not fit the sizes.
 */
export function parseIdx(bytes: Uint8Array, from = "parseIdx"): Tensor<"uint8"> {
  const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8 || bytes[3] === 0) {
    const hint = bytes[0] === 0x1f && bytes[1] === 0x8b ? "this is gzip: unpack it first" : "is this an IDX file?";
    throw new DataError(
      expectation(from, "the magic number 00 00 08 01 (labels) or 00 00 08 03 (images)", magic || "no bytes", hint),
    );
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw cutShort(from, `a header of ${start} bytes for ${rank} axes`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = start + sizeOf(shape);
  if (bytes.length < expected) throw cutShort(from, `${expected} bytes for sizes [${shape}]`, bytes.length);
  if (bytes.length > expected) {
    throw new DataError(expectation(from, `${expected} bytes for sizes [${shape}]`, `${bytes.length} bytes`));
  }
  return { dtype: "uint8", shape, data: bytes.subarray(start) };
}

/**
 * A dataset of grey images from the two IDX files of a split, unpacked.
 *
 * @param classes Name of each class; ten digits if absent.
 * @throws DataError if a file is no IDX file, has other axes than [n, height, width] and [n], is empty, counts
 *   something else than the other, or holds a label without a class.
 */
export function idxDataset(
  images: NamedBytes,
  labels: NamedBytes,
  {
    name = "IDX images",
    classes = digitClasses,
  }: { readonly name?: string; readonly classes?: readonly string[] } = {},
): ImagesInMemory {
  const pixels = parseIdx(images.bytes, images.from);
  const classOf = parseIdx(labels.bytes, labels.from);
  const [count = 0, height = 0, width = 0] = pixels.shape;
  if (pixels.shape.length !== 3 || pixels.data.length === 0) {
    throw new DataError(expectation(images.from, "images as [n, height, width]", `sizes [${pixels.shape}]`));
  }
  if (classOf.shape.length !== 1) {
    throw new DataError(expectation(labels.from, "labels as [n]", `sizes [${classOf.shape}]`));
  }
  if (classOf.data.length !== count) {
    throw new DataError(
      expectation(labels.from, `${count} labels for the images of ${images.from}`, classOf.data.length),
    );
  }
  assertLabels(labels.from, classOf.data, classes.length);
  return { name, images: pixels.data, labels: Int32Array.from(classOf.data), shape: [1, height, width], classes };
}

function cutShort(from: string, expected: string, got: number): DataError {
  return new DataError(expectation(from, expected, `${got} bytes`, "the file is cut short: fetch it again"));
}
