import { expectation, ShapeError } from "./errors.js";

/** Sizes of a tensor's axes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** The number of elements of a tensor of this shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/**
 * The shape that two operands broadcast to: axes are aligned at the end, and an axis of size 1 stretches (NumPy's rule).
 * Throws a {@link ShapeError} where neither is 1 and they differ.
 */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        expectation(where, `shapes that broadcast (equal or 1 at axis ${axis})`, `[${a}] and [${b}]`),
      );
    }
    return left === 1 ? right : left;
  });
}

/** Turns negative axes into positive ones, sorts them, and rejects repeats and axes out of range. */
export function normalizeAxes(where: string, axes: readonly number[], rank: number): number[] {
  const positive = axes.map((axis) => normalizeAxis(where, axis, rank)).sort((a, b) => a - b);
  if (new Set(positive).size !== positive.length) {
    throw new ShapeError(expectation(where, "each axis once", `[${axes}]`));
  }
  return positive;
}

/** Turns a negative axis into a positive one, and rejects one out of range. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(expectation(where, `an axis in [${-rank}, ${rank})`, axis));
  }
  return axis < 0 ? axis + rank : axis;
}
