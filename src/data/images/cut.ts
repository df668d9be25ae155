import type { RandomStream } from "../../core/index.js";
import type { ResizedCrop } from "../dataset.js";

/** What a square image is made of: a region of a picture, resized, and of that a window, perhaps mirrored. */
export interface Cut {
  /** The region, in whole pixels of the picture. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** What the region is resized to. */
  readonly toWidth: number;
  readonly toHeight: number;
  /** Where the window lies in that. */
  readonly windowLeft: number;
  readonly windowTop: number;
  /** Side of the window. */
  readonly size: number;
  readonly mirrored: boolean;
}

/** The shorter side of a picture whose centre is taken, over the size of that centre. */
const margin = 256 / 224;

/**
 * The view for evaluation: the picture is resized so that its shorter side is size · 256/224, and the middle is taken,
 * as torchvision's `Resize` and `CenterCrop` do.
 */
export function centreCut(width: number, height: number, size: number): Cut {
  const shorter = Math.round(size * margin);
  const longer = Math.floor((shorter * Math.max(width, height)) / Math.min(width, height));
  const [toWidth, toHeight] = width <= height ? [shorter, longer] : [longer, shorter];
  const windowLeft = roundedToEven((toWidth - size) / 2);
  const windowTop = roundedToEven((toHeight - size) / 2);
  return { left: 0, top: 0, width, height, toWidth, toHeight, windowLeft, windowTop, size, mirrored: false };
}

/**
 * A random view for training (Szegedy et al. 2015, arXiv:1409.4842, §6), by the rule of torchvision's
 * `RandomResizedCrop`: a region of a random fraction of the area and a random aspect ratio, uniform in its logarithm,
 * is resized to the square. After ten regions that do not fit into the picture, its middle in the nearest allowed ratio.
 */
export function randomCut(
  width: number,
  height: number,
  size: number,
  { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] }: ResizedCrop,
  random: RandomStream,
): Cut {
  const between = (low: number, high: number): number => low + random.uniform() * (high - low);
  const whole = { toWidth: size, toHeight: size, windowLeft: 0, windowTop: 0, size, mirrored: false };
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * between(...scale);
    const aspect = Math.exp(between(Math.log(ratio[0]), Math.log(ratio[1])));
    const [w, h] = [Math.round(Math.sqrt(area * aspect)), Math.round(Math.sqrt(area / aspect))];
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const top = random.integer(height - h + 1);
    const left = random.integer(width - w + 1);
    return { ...whole, left, top, width: w, height: h };
  }
  const w = Math.min(width, Math.max(1, Math.round(height * ratio[1])));
  const h = Math.min(height, Math.max(1, Math.round(width / ratio[0])));
  return { ...whole, left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

/** Halves go to the even neighbour, as in Python. */
function roundedToEven(value: number): number {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}
