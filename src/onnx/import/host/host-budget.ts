import { DataError, expectation } from "../../../core/index.js";

/** Counts what is computed while a model is imported, so that no number in a file can ask for memory without end. */
export class HostBudget {
  #left: number;

  constructor(private readonly bytes: number) {
    this.#left = bytes;
  }

  /** Zeros. Throws a DataError if they and all before them are more than the budget. */
  allocate(where: string, count: number): Float64Array {
    this.#left -= 8 * count;
    if (this.#left >= 0 && Number.isSafeInteger(count)) return new Float64Array(count);
    const fix = "the file is damaged, or meant for inputs of another size";
    throw new DataError(
      expectation(where, `at most ${this.bytes} bytes of constants computed from the file`, `${8 * count} more`, fix),
    );
  }
}
