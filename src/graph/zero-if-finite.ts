import type { Value } from "./graph.js";
import { add, mul } from "./primitives/elementwise.js";
import { total } from "./primitives/reduction.js";

/**
 * 0 if all elements are finite, and NaN if not: the sum of x · 0. A scalar. Values of one shape are added before their
 * elements are.
 */
export function zeroIfFinite(values: readonly Value[]): Value {
  const sums = new Map<string, Value>();
  for (const value of values) {
    const zeros = mul(value, 0);
    const key = `${value.shape}`;
    const others = sums.get(key);
    sums.set(key, others ? add(others, zeros) : zeros);
  }
  return [...sums.values()].map(total).reduce((sum, part) => add(sum, part));
}
