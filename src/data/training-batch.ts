import { randomStream } from "../core/index.js";
import { copyPlaced, drawPlacement } from "./augment.js";
import type { TrainingBatchOptions } from "./batch-options.js";
import type { Batch, ImagesInMemory } from "./dataset.js";
import { batchOf, imageSize, pixelsLike } from "./pixels.js";

/**
 * Makes the training batch at (epoch, index). What it remembers, the order of the images in the epoch last asked for,
 * only saves time. In-process and threaded loading both use it, which is why their bits agree.
 */
export function trainingBatchMaker(
  { images, labels, shape }: Pick<ImagesInMemory, "images" | "labels" | "shape">,
  { batch, seed, augmentation = {} }: TrainingBatchOptions,
): (epoch: number, index: number) => Batch {
  const perImage = imageSize({ shape });
  let order: { readonly epoch: number; readonly rows: Uint32Array } | undefined;

  return (epoch, index) => {
    if (order?.epoch !== epoch) {
      order = { epoch, rows: randomStream(seed, "shuffle", epoch).permutation(labels.length) };
    }
    const pixels = pixelsLike(images, batch * perImage);
    const classes = new Int32Array(batch);
    for (let place = 0; place < batch; place++) {
      const row = order.rows[index * batch + place]!;
      const placement = drawPlacement(augmentation, randomStream(seed, "augment", epoch, row));
      copyPlaced(images, row, pixels, place, shape, placement);
      classes[place] = labels[row]!;
    }
    return batchOf(pixels, classes, shape);
  };
}
