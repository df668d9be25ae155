import { expectation, normalizeAxis, type Shape, ShapeError, sameShape } from "../../core/index.js";
import { apply, requireFloating, type Value } from "../graph.js";
import { definePrimitive, noGradient, type ValueType } from "../primitive.js";
import type { AxisParams } from "./structure.js";

function requireIndices(where: string, indices: ValueType): void {
  if (indices.dtype !== "int32" && indices.dtype !== "int64") {
    throw new ShapeError(expectation(where, "int32 or int64 indices", indices.dtype));
  }
}

/** Parameters of scatters: the axis written along and its size in the result. */
export interface ScatterParams extends AxisParams {
  readonly size: number;
}

export const gatherPrimitive = definePrimitive({
  name: "gather",
  infer: ([x, indices]: readonly ValueType[], { axis }: AxisParams) => {
    requireIndices("gather", indices!);
    return { shape: spliced(x!.shape, axis, indices!.shape), dtype: x!.dtype };
  },
  vjp: ({ cotangent, inputs: [x, indices], params: { axis } }) => [
    scatterAdd(cotangent, indices!, axis, x!.shape[axis]!),
    undefined,
  ],
});

export const scatterAddPrimitive = definePrimitive({
  name: "scatterAdd",
  infer: ([updates, indices]: readonly ValueType[], { axis, size }: ScatterParams) => {
    requireIndices("scatterAdd", indices!);
    requireFloating("scatterAdd", updates!);
    const { shape } = updates!;
    if (!sameShape(shape.slice(axis, axis + indices!.shape.length), indices!.shape)) {
      throw new ShapeError(
        expectation(
          "scatterAdd",
          `updates with the indices' shape [${indices!.shape}] from axis ${axis}`,
          `[${shape}]`,
        ),
      );
    }
    return {
      shape: [...shape.slice(0, axis), size, ...shape.slice(axis + indices!.shape.length)],
      dtype: updates!.dtype,
    };
  },
  vjp: ({ cotangent, inputs: [, indices], params: { axis } }) => [gather(cotangent, indices!, axis), undefined],
});

export const gatherElementsPrimitive = definePrimitive({
  name: "gatherElements",
  infer: ([x, indices]: readonly ValueType[], { axis }: AxisParams) => {
    requireIndices("gatherElements", indices!);
    const others = (shape: Shape): Shape => shape.filter((_, a) => a !== axis);
    if (indices!.shape.length !== x!.shape.length || !sameShape(others(indices!.shape), others(x!.shape))) {
      throw new ShapeError(
        expectation("gatherElements", `indices of shape [${x!.shape}] but for axis ${axis}`, `[${indices!.shape}]`),
      );
    }
    return { shape: indices!.shape, dtype: x!.dtype };
  },
  vjp: ({ cotangent, inputs: [x, indices], params: { axis } }) => [
    scatterAddElements(cotangent, indices!, axis, x!.shape[axis]!),
    undefined,
  ],
});

export const scatterAddElementsPrimitive = definePrimitive({
  name: "scatterAddElements",
  infer: ([updates, indices]: readonly ValueType[], { axis, size }: ScatterParams) => {
    requireIndices("scatterAddElements", indices!);
    requireFloating("scatterAddElements", updates!);
    if (!sameShape(updates!.shape, indices!.shape)) {
      throw new ShapeError(
        expectation(
          "scatterAddElements",
          "updates and indices of one shape",
          `[${updates!.shape}], [${indices!.shape}]`,
        ),
      );
    }
    return { shape: updates!.shape.map((n, a) => (a === axis ? size : n)), dtype: updates!.dtype };
  },
  vjp: ({ cotangent, inputs: [, indices], params: { axis } }) => [gatherElements(cotangent, indices!, axis), undefined],
});

/** Parameters of {@link oneHot}. */
export interface OneHotParams {
  readonly depth: number;
}
export const oneHotPrimitive = definePrimitive({
  name: "oneHot",
  infer: ([indices]: readonly ValueType[], { depth }: OneHotParams): ValueType => {
    requireIndices("oneHot", indices!);
    return { shape: [...indices!.shape, depth], dtype: "float32" };
  },
  vjp: noGradient,
});

function spliced(shape: Shape, axis: number, indices: Shape): number[] {
  return [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)];
}

/** Slices of x along an axis, in the order and shape of the indices (NumPy's `take`). */
export const gather = (x: Value, indices: Value, axis = 0): Value =>
  apply(gatherPrimitive, [x, indices], { axis: normalizeAxis("gather", axis, x.rank) });

/** Adds slices into zeros of the given size along an axis; the adjoint of {@link gather}. */
export const scatterAdd = (updates: Value, indices: Value, axis: number, size: number): Value =>
  apply(scatterAddPrimitive, [updates, indices], { axis, size });

/** Single elements of x along an axis: result[…, i, …] = x[…, indices[…, i, …], …]. */
export const gatherElements = (x: Value, indices: Value, axis = -1): Value =>
  apply(gatherElementsPrimitive, [x, indices], { axis: normalizeAxis("gatherElements", axis, x.rank) });

/** Adds single elements into zeros; the adjoint of {@link gatherElements}. */
export const scatterAddElements = (updates: Value, indices: Value, axis: number, size: number): Value =>
  apply(scatterAddElementsPrimitive, [updates, indices], {
    axis: normalizeAxis("scatterAddElements", axis, updates.rank),
    size,
  });

/** 1 at each index along a new last axis of size `depth`, else 0; float32. An index outside [0, depth) gives zeros. */
export const oneHot = (indices: Value, depth: number): Value => apply(oneHotPrimitive, [indices], { depth });
