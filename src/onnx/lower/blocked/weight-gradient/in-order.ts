import { tensor } from "../../../../core/index.js";
import type { TensorName } from "../../emitter.js";
import type { BlockedContext } from "../context.js";

/**
 * Rows of memory [R, S] in another order, unless it is theirs. `Gather` copies them row by row on all threads; a `Transpose`
 * would use one.
 */
export function inOrder(
  { emit }: BlockedContext,
  rows: TensorName,
  order: readonly number[],
  all = order.length,
): TensorName {
  if (order.length === all && order.every((row, i) => row === i)) return rows;
  return emit.op("Gather", [rows, emit.constant(tensor(order, [order.length], "int32"))], { axis: 0 });
}

/** Calls a function with all indices below the sizes, the last one changing fastest. */
export function nest(
  sizes: readonly number[],
  visit: (index: readonly number[]) => void,
  index: readonly number[] = [],
): void {
  if (index.length === sizes.length) visit(index);
  else for (let i = 0; i < sizes[index.length]!; i++) nest(sizes, visit, [...index, i]);
}
