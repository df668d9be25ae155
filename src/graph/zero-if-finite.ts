import type { Value } from "./graph.js";
import { add, mul } from "./primitives/elementwise.js";
import { total } from "./primitives/reduction.js";

/** 0 if all elements are finite, and NaN if not: the sum of x · 0. A scalar. */
export function zeroIfFinite(values: readonly Value[]): Value {
  return values.map((value) => total(mul(value, 0))).reduce((sum, part) => add(sum, part));
}
