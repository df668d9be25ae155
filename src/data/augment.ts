import type { RandomStream } from "../core/index.js";
import type { Augmentation, ImageDataset, Pixels } from "./dataset.js";

/** Where one training image is cut from its padded self, and whether it is mirrored. */
export interface Placement {
  /** Source row of the first output row; negative where it lies in the padding. */
  readonly top: number;
  /** Source column of the leftmost column before mirroring. */
  readonly left: number;
  readonly mirrored: boolean;
}

/**
 * Draws a placement. Three numbers are drawn whatever the augmentation, so that a run without flips has the crops of
 * the run with them.
 */
export function drawPlacement({ crop = 0, flip = false }: Augmentation, random: RandomStream): Placement {
  const top = random.integer(2 * crop + 1) - crop;
  const left = random.integer(2 * crop + 1) - crop;
  const mirrored = random.uniform() < 0.5;
  return { top, left, mirrored: flip && mirrored };
}

/** Writes image `row` of `from`, placed, as image `place` of `to`, which holds zeros there. */
export function copyPlaced(
  from: Pixels,
  row: number,
  to: Pixels,
  place: number,
  [channels, height, width]: ImageDataset["shape"],
  { top, left, mirrored }: Placement,
): void {
  const size = channels * height * width;
  if (top === 0 && left === 0 && !mirrored) {
    to.set(from.subarray(row * size, (row + 1) * size), place * size);
    return;
  }
  const firstRow = Math.max(0, -top);
  const endRow = Math.min(height, height - top);
  const firstColumn = Math.max(0, -left);
  const endColumn = Math.min(width, width - left);
  const step = mirrored ? -1 : 1;
  const start = mirrored ? width - 1 - firstColumn : firstColumn;
  for (let channel = 0; channel < channels; channel++) {
    const source = row * size + channel * height * width;
    const target = place * size + channel * height * width;
    for (let y = firstRow; y < endRow; y++) {
      let write = target + y * width + start;
      let read = source + (y + top) * width + firstColumn + left;
      for (const end = read + endColumn - firstColumn; read < end; read++, write += step) to[write] = from[read]!;
    }
  }
}
