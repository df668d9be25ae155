import { assertArgument } from "../core/index.js";
import { assertPosition } from "./batch-options.js";
import type { BatchSource } from "./dataset.js";

/** A source of batches that `make` makes when they are asked for, until it is closed. */
export function closable<B>(
  where: string,
  batchesPerEpoch: number,
  make: (epoch: number, index: number) => B | Promise<B>,
): BatchSource<B> {
  let open = true;
  return {
    batchesPerEpoch,
    async batch(epoch, index) {
      assertArgument(open, where, "an open source of batches", "one that was closed");
      assertPosition(where, epoch, index, batchesPerEpoch);
      return make(epoch, index);
    },
    async close() {
      open = false;
    },
  };
}
