import {
  type DType,
  expectation,
  isFloating,
  normalizeAxis,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
} from "../../core/index.js";
import { apply, type Value } from "../graph.js";
import { definePrimitive, noGradient, type ValueType } from "../primitive.js";

/** Parameters of {@link reshape} and {@link broadcastTo}. */
export interface ShapeParams {
  readonly shape: Shape;
}
export const reshapePrimitive = definePrimitive({
  name: "reshape",
  infer: ([x]: readonly ValueType[], { shape }: ShapeParams) => {
    if (sizeOf(shape) !== sizeOf(x!.shape) || shape.some((size) => !Number.isInteger(size) || size < 1)) {
      throw new ShapeError(expectation("reshape", `${sizeOf(x!.shape)} elements as in [${x!.shape}]`, `[${shape}]`));
    }
    return { shape, dtype: x!.dtype };
  },
  vjp: ({ cotangent, inputs: [x] }) => [reshape(cotangent, x!.shape)],
});

export const broadcastToPrimitive = definePrimitive({
  name: "broadcastTo",
  infer: ([x]: readonly ValueType[], { shape }: ShapeParams) => {
    const offset = shape.length - x!.shape.length;
    if (offset < 0 || x!.shape.some((size, axis) => size !== 1 && size !== shape[axis + offset])) {
      throw new ShapeError(expectation("broadcastTo", `a shape that [${x!.shape}] stretches to`, `[${shape}]`));
    }
    return { shape, dtype: x!.dtype };
  },
  vjp: ({ cotangent }) => [cotangent], // the engine sums it back
});

/** Parameters of {@link transpose}. */
export interface TransposeParams {
  readonly permutation: readonly number[];
}
export const transposePrimitive = definePrimitive({
  name: "transpose",
  infer: ([x]: readonly ValueType[], { permutation }: TransposeParams) => {
    if ([...permutation].sort((a, b) => a - b).join() !== x!.shape.map((_, axis) => axis).join()) {
      throw new ShapeError(expectation("transpose", `each axis of [${x!.shape}] once`, `[${permutation}]`));
    }
    return { shape: permutation.map((axis) => x!.shape[axis]!), dtype: x!.dtype };
  },
  vjp: ({ cotangent, params: { permutation } }) => [
    transpose(
      cotangent,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
});

/** Parameters of operations along one axis. */
export interface AxisParams {
  readonly axis: number;
}
export const concatPrimitive = definePrimitive({
  name: "concat",
  infer: (inputs: readonly ValueType[], { axis }: AxisParams) => {
    const [first] = inputs;
    const others = (shape: Shape): Shape => shape.filter((_, a) => a !== axis);
    const odd = inputs.find((x) => x.dtype !== first!.dtype || !sameShape(others(x.shape), others(first!.shape)));
    if (odd) throw new ShapeError(expectation("concat", `[${first!.shape}] but for axis ${axis}`, `[${odd.shape}]`));
    const length = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0);
    return { shape: first!.shape.map((size, a) => (a === axis ? length : size)), dtype: first!.dtype };
  },
  vjp: ({ cotangent, inputs, params: { axis } }) => {
    let start = 0;
    return inputs.map((x) => {
      const piece = sliceAxis(cotangent, axis, start, start + x.shape[axis]!);
      start += x.shape[axis]!;
      return piece;
    });
  },
});

/** Parameters of {@link slice}: per axis, the first index, the index after the last, and a positive stride. */
export interface SliceParams {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly strides: readonly number[];
}
export const slicePrimitive = definePrimitive({
  name: "slice",
  infer: ([x]: readonly ValueType[], { starts, ends, strides }: SliceParams) => {
    const shape = x!.shape.map((size, axis) => {
      const [start, end, stride] = [starts[axis]!, ends[axis]!, strides[axis]!];
      if (!(start >= 0 && start < end && end <= size && stride >= 1)) {
        throw new ShapeError(
          expectation("slice", `0 ≤ start < end ≤ ${size} and stride ≥ 1 at axis ${axis}`, `${start}:${end}:${stride}`),
        );
      }
      return Math.ceil((end - start) / stride);
    });
    return { shape, dtype: x!.dtype };
  },
  // Zeros go between the elements (by a reshape and a pad), then around them.
  vjp: ({ cotangent, inputs: [x], params: { starts, strides } }) => {
    let g = cotangent;
    for (const [axis, stride] of strides.entries()) {
      if (stride === 1) continue;
      const n = g.shape[axis]!;
      const spread = [...g.shape.slice(0, axis), n, 1, ...g.shape.slice(axis + 1)];
      const after = spread.map((_, a) => (a === axis + 1 ? stride - 1 : 0));
      const padded = pad(reshape(g, spread), new Array(spread.length).fill(0), after);
      g = sliceAxis(
        reshape(padded, [...g.shape.slice(0, axis), n * stride, ...g.shape.slice(axis + 1)]),
        axis,
        0,
        (n - 1) * stride + 1,
      );
    }
    const after = x!.shape.map((size, axis) => size - starts[axis]! - g.shape[axis]!);
    return [pad(g, starts, after)];
  },
});

/** Parameters of {@link pad}. */
export interface PadParams {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}
export const padPrimitive = definePrimitive({
  name: "pad",
  infer: ([x]: readonly ValueType[], { before, after }: PadParams) => {
    if (
      before.length !== x!.shape.length ||
      after.length !== x!.shape.length ||
      [...before, ...after].some((n) => n < 0)
    ) {
      throw new ShapeError(
        expectation("pad", `widths ≥ 0 for each axis of [${x!.shape}]`, `[${before}] and [${after}]`),
      );
    }
    return { shape: x!.shape.map((size, axis) => size + before[axis]! + after[axis]!), dtype: x!.dtype };
  },
  vjp: ({ cotangent, inputs: [x], params: { before } }) => [
    slice(
      cotangent,
      before,
      before.map((width, axis) => width + x!.shape[axis]!),
    ),
  ],
});

/** Parameters of {@link cast}. */
export interface CastParams {
  readonly dtype: DType;
}
export const castPrimitive = definePrimitive({
  name: "cast",
  infer: ([x]: readonly ValueType[], { dtype }: CastParams) => ({ shape: x!.shape, dtype }),
  vjp: ({ cotangent, inputs: [x] }) => [isFloating(x!.dtype) ? cast(cotangent, x!.dtype) : undefined],
});

export const stopGradientPrimitive = definePrimitive({
  name: "stopGradient",
  infer: ([x]: readonly ValueType[], _params: Record<never, never>) => x!,
  vjp: noGradient,
});

/** Parameters of {@link customGradient}. */
export interface CustomGradientParams {
  /** Gives the gradient by each input from that by the value. */
  readonly vjp: (cotangent: Value) => readonly (Value | undefined)[];
}
export const customGradientPrimitive = definePrimitive({
  name: "customGradient",
  infer: ([value]: readonly ValueType[], _params: CustomGradientParams) => value!,
  vjp: ({ cotangent, params: { vjp } }) => [undefined, ...vjp(cotangent)],
});

/** The same elements in another shape; one size may be −1 and is worked out. */
export function reshape(x: Value, shape: Shape): Value {
  const known = sizeOf(shape.filter((size) => size !== -1));
  const full = shape.map((size) => (size === -1 ? sizeOf(x.shape) / known : size));
  return sameShape(full, x.shape) ? x : apply(reshapePrimitive, [x], { shape: full });
}

/** Stretches axes of size 1 (and adds leading ones) to the given shape. */
export function broadcastTo(x: Value, shape: Shape): Value {
  return sameShape(shape, x.shape) ? x : apply(broadcastToPrimitive, [x], { shape });
}

/** Reorders axes: axis k of the result is axis `permutation[k]` of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  const trivial = permutation.length === x.rank && permutation.every((axis, k) => axis === k);
  return trivial ? x : apply(transposePrimitive, [x], { permutation });
}

/** Joins values along an axis. */
export function concat(values: readonly Value[], axis = 0): Value {
  const [first, ...rest] = values;
  if (!first) throw new ShapeError(expectation("concat", "at least one value", "none"));
  return rest.length === 0
    ? first
    : apply(concatPrimitive, [first, ...rest], { axis: normalizeAxis("concat", axis, first.rank) });
}

/** Elements start, start + stride, … before end, along every axis. */
export function slice(
  x: Value,
  starts: readonly number[],
  ends: readonly number[],
  strides: readonly number[] = starts.map(() => 1),
): Value {
  const whole = x.shape.every((size, axis) => starts[axis] === 0 && ends[axis] === size && strides[axis] === 1);
  return whole ? x : apply(slicePrimitive, [x], { starts, ends, strides });
}

/** Elements start … end − 1 along one axis. */
export function sliceAxis(x: Value, axis: number, start: number, end: number): Value {
  const at = normalizeAxis("sliceAxis", axis, x.rank);
  return slice(
    x,
    x.shape.map((_, a) => (a === at ? start : 0)),
    x.shape.map((size, a) => (a === at ? end : size)),
  );
}

/** Adds `before` and `after` elements of a constant value (0 by default) at the ends of every axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
  return [...before, ...after].every((width) => width === 0) ? x : apply(padPrimitive, [x], { before, after, value });
}

/** Converts elements to another dtype. To a narrower float it rounds to nearest even, overflowing to infinity. */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : apply(castPrimitive, [x], { dtype });
}

/** The value itself, through which no gradient flows. */
export const stopGradient = (x: Value): Value => apply(stopGradientPrimitive, [x], {});

/**
 * The value itself, whose gradient is what `vjp` makes of the cotangent: one part for each of `inputs`. None flows into
 * the value. For computations whose derivative is to be taken in another way than operation by operation.
 */
export const customGradient = (value: Value, inputs: readonly Value[], vjp: CustomGradientParams["vjp"]): Value =>
  apply(customGradientPrimitive, [value, ...inputs], { vjp });
