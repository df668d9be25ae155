import { randomStream } from "../../core/index.js";
import type { ImageView } from "../dataset.js";
import { centreCut, randomCut } from "./cut.js";
import { type Picture, resample } from "./resample.js";

/** A picture as a view asks for it: [3, size, size]. */
export function viewOf(picture: Picture, { size, training }: ImageView): Uint8Array {
  const { width, height } = picture;
  if (training === undefined) return resample(picture, centreCut(width, height, size));
  const { seed, epoch, row, augmentation } = training;
  const random = randomStream(seed, "augment", epoch, row);
  const mirrored = random.uniform() < 0.5; // drawn in any case: a run without flips has the cuts of one with them
  const { resizedCrop, flip = false } = augmentation;
  const cut = resizedCrop ? randomCut(width, height, size, resizedCrop, random) : centreCut(width, height, size);
  return resample(picture, { ...cut, mirrored: flip && mirrored });
}
