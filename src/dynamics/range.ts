import { assertArgument } from "../core/index.js";

/** Numbers by the name they have in the caller's options. */
export type Named = Readonly<Record<string, number>>;

/** Throws an InvalidArgumentError unless all are positive and finite. */
export function assertPositive(where: string, values: Named): void {
  for (const [name, value] of Object.entries(values)) {
    assertArgument(value > 0 && value < Infinity, where, `${name} > 0`, value);
  }
}

/** Throws an InvalidArgumentError unless all are at least 0 and finite. */
export function assertNonNegative(where: string, values: Named): void {
  for (const [name, value] of Object.entries(values)) {
    assertArgument(value >= 0 && value < Infinity, where, `${name} ≥ 0`, value);
  }
}

/** Throws an InvalidArgumentError unless all are in [0, 1). */
export function assertBelowOne(where: string, values: Named): void {
  for (const [name, value] of Object.entries(values)) {
    assertArgument(value >= 0 && value < 1, where, `${name} in [0, 1)`, value);
  }
}
