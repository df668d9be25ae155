import { type Shape, sizeOf } from "../../core/index.js";
import type { ValueType } from "../../graph/index.js";

/** The only axis of a shape with more than one element; undefined where there are several, or none. */
export function longAxis(shape: Shape): number | undefined {
  const axis = shape.findIndex((size) => size > 1);
  return axis >= 0 && shape[axis] === sizeOf(shape) ? axis : undefined;
}

/** What two values must have in common to be laid side by side along their long axes. */
export function formOf({ shape, dtype }: ValueType): string {
  return `${dtype}[${shape.map((size) => (size === 1 ? 1 : "*"))}]`;
}
