import type { Shape } from "../core/index.js";
import type { Window2d } from "../graph/index.js";

/** How a window moves over the images of a tensor [N, C, H, W]. */
export interface Sweep {
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [number, number];
  readonly window: Window2d;
  /** Height and width of the output. */
  readonly rows: number;
  readonly columns: number;
}

/** Collects what a sweep needs from the shapes of an operation's input and output. */
export function sweepOf(input: Shape, output: Shape, kernel: readonly [number, number], window: Window2d): Sweep {
  return { height: input[2]!, width: input[3]!, kernel, window, rows: output[2]!, columns: output[3]! };
}

/**
 * Where each window element lies in an image: offsets [kernel height · kernel width, rows · columns] into [H, W], −1 in
 * the padding. One table serves every channel of every image.
 */
export function patchOffsets({ height, width, kernel, window, rows, columns }: Sweep): Int32Array {
  const { stride, padding, dilation } = window;
  const offsets = new Int32Array(kernel[0] * kernel[1] * rows * columns);
  let at = 0;
  for (let a = 0; a < kernel[0]; a++) {
    for (let b = 0; b < kernel[1]; b++) {
      for (let i = 0; i < rows; i++) {
        const y = i * stride[0] + a * dilation[0] - padding[0];
        for (let j = 0; j < columns; j++) {
          const x = j * stride[1] + b * dilation[1] - padding[1];
          offsets[at++] = y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1;
        }
      }
    }
  }
  return offsets;
}
