import { DataError, expectation } from "../core/index.js";

/** Throws a {@link DataError} if a label has no class. */
export function assertLabels(from: string, labels: ArrayLike<number>, classes: number): void {
  for (let row = 0; row < labels.length; row++) {
    if (labels[row]! >= classes) {
      throw new DataError(expectation(from, `labels in [0, ${classes})`, `${labels[row]} at image ${row}`));
    }
  }
}
