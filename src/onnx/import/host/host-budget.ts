import { DataError, expectation } from "../../../core/index.js";

/** Counts what is computed while a model is imported, so that no number in a file can ask for memory without end. */
export class HostBudget {
  #left: number;

  constructor(private readonly bytes: number) {
    this.#left = bytes;
  }

  /** Takes memory for so many elements. Throws a DataError if they and all before them are more than the budget. */
  take(where: string, count: number): void {
    this.#left -= 8 * count;
    if (this.#left >= 0 && Number.isSafeInteger(count)) return;
    const fix = "the file is damaged, or meant for inputs of another size";
    const expected = `at most ${this.bytes} bytes of constants computed from the file`;
    throw new DataError(expectation(where, expected, `${8 * count} more`, fix));
  }
}
