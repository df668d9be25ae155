import type { Cut } from "./cut.js";

/** A picture as decoders give it. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity of each pixel, row by row. Opacity is ignored, as it is by PIL's `convert("RGB")`. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * A cut of a picture as [3, size, size], resampled as Pillow's `BILINEAR` does it, to the bit: by a triangle as wide as
 * the output's pixels are in the input, so that shrinking averages; along the rows first, rounded to bytes, then down
 * the columns. Only the window is computed.
 */
export function resample({ width, data }: Picture, cut: Cut): Uint8Array {
  const { size, mirrored } = cut;
  const across = weights(cut.width, cut.toWidth, cut.windowLeft, size);
  const down = weights(cut.height, cut.toHeight, cut.windowTop, size);
  const firstRow = down.starts[0]!;
  const rows = down.starts[size - 1]! + down.counts[size - 1]! - firstRow;

  const narrowed = new Uint8Array(rows * size * 3);
  for (let y = 0; y < rows; y++) {
    const line = (cut.top + firstRow + y) * width + cut.left;
    for (let x = 0; x < size; x++) {
      let [red, green, blue] = [half, half, half];
      const weight = x * across.most;
      let pixel = (line + across.starts[x]!) * 4;
      for (let tap = 0; tap < across.counts[x]!; tap++, pixel += 4) {
        const by = across.values[weight + tap]!;
        red += by * data[pixel]!;
        green += by * data[pixel + 1]!;
        blue += by * data[pixel + 2]!;
      }
      const place = (y * size + (mirrored ? size - 1 - x : x)) * 3;
      narrowed[place] = red >> precision;
      narrowed[place + 1] = green >> precision;
      narrowed[place + 2] = blue >> precision;
    }
  }

  const plane = size * size;
  const result = new Uint8Array(3 * plane);
  const line = size * 3;
  for (let y = 0; y < size; y++) {
    const weight = y * down.most;
    const start = (down.starts[y]! - firstRow) * line;
    for (let x = 0; x < size; x++) {
      let [red, green, blue] = [half, half, half];
      let pixel = start + x * 3;
      for (let tap = 0; tap < down.counts[y]!; tap++, pixel += line) {
        const by = down.values[weight + tap]!;
        red += by * narrowed[pixel]!;
        green += by * narrowed[pixel + 1]!;
        blue += by * narrowed[pixel + 2]!;
      }
      const place = y * size + x;
      result[place] = red >> precision;
      result[plane + place] = green >> precision;
      result[2 * plane + place] = blue >> precision;
    }
  }
  return result;
}

/** Weights are whole multiples of 2⁻²², and a sum of them times bytes stays below 2³¹. */
const precision = 22;
const half = 1 << (precision - 1);

interface Weights {
  /** First input of each output, and how many there are. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** The weights of output i begin at i · most. */
  readonly values: Int32Array;
  readonly most: number;
}

/** The weights of outputs `first` to `first + count − 1` when `from` pixels are resized to `to`. */
function weights(from: number, to: number, first: number, count: number): Weights {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const narrower = 1 / support; // multiplied by, as Pillow does: a division may round otherwise
  const most = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const values = new Int32Array(count * most);
  for (let i = 0; i < count; i++) {
    const centre = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const triangle = Array.from({ length: end - start }, (_, tap) =>
      Math.max(0, 1 - Math.abs((start + tap - centre + 0.5) * narrower)),
    );
    const sum = triangle.reduce((total, value) => total + value, 0);
    starts[i] = start;
    counts[i] = end - start;
    for (const [tap, value] of triangle.entries()) {
      values[i * most + tap] = Math.floor((value / sum) * 2 ** precision + 0.5);
    }
  }
  return { starts, counts, values, most };
}
