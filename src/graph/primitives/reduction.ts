import { expectation, normalizeAxes, normalizeAxis, type Shape, ShapeError, sizeOf } from "../../core/index.js";
import { apply, requireFloating, type Value } from "../graph.js";
import { definePrimitive, noGradient, type ValueType } from "../primitive.js";
import { div, equal, exp, mul, sub } from "./elementwise.js";
import { scatterAddElements } from "./indexing.js";
import { type AxisParams, broadcastTo, cast, reshape } from "./structure.js";

/** Parameters of reductions: sorted positive axes. The reduced axes stay, with size 1. */
export interface ReduceParams {
  readonly axes: readonly number[];
}

const keepDims = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

export const reduceSumPrimitive = definePrimitive({
  name: "reduceSum",
  infer: ([x]: readonly ValueType[], { axes }: ReduceParams) => {
    requireFloating("reduceSum", x!);
    return { shape: keepDims(x!.shape, axes), dtype: x!.dtype };
  },
  vjp: ({ cotangent, inputs: [x] }) => [broadcastTo(cotangent, x!.shape)],
});

export const reduceMaxPrimitive = definePrimitive({
  name: "reduceMax",
  infer: ([x]: readonly ValueType[], { axes }: ReduceParams) => {
    requireFloating("reduceMax", x!);
    return { shape: keepDims(x!.shape, axes), dtype: x!.dtype };
  },
  // Ties share the gradient evenly (as PyTorch's amax).
  vjp: ({ cotangent, inputs: [x], output, params: { axes } }) => {
    const winners = cast(equal(x!, output), x!.dtype);
    return [mul(winners, div(cotangent, reduceSum(winners, axes)))];
  },
});

/** Parameters of {@link topK}. */
export interface TopKParams extends AxisParams {
  readonly k: number;
}
function inferTopK([x]: readonly ValueType[], { k, axis }: TopKParams): ValueType {
  requireFloating("topK", x!);
  if (!(Number.isInteger(k) && k >= 1 && k <= x!.shape[axis]!)) {
    throw new ShapeError(expectation("topK", `1 ≤ k ≤ ${x!.shape[axis]}, the size of axis ${axis}`, k));
  }
  return { shape: x!.shape.map((size, a) => (a === axis ? k : size)), dtype: x!.dtype };
}
export const topKPrimitive = definePrimitive({
  name: "topK",
  infer: inferTopK,
  vjp: ({ cotangent, inputs: [x], params: { k, axis } }) => [
    scatterAddElements(cotangent, topKIndices(x!, k, axis), axis, x!.shape[axis]!),
  ],
});
export const topKIndicesPrimitive = definePrimitive({
  name: "topKIndices",
  infer: (inputs, params: TopKParams): ValueType => ({ shape: inferTopK(inputs, params).shape, dtype: "int64" }),
  vjp: noGradient,
});

export const argMaxPrimitive = definePrimitive({
  name: "argMax",
  infer: ([x]: readonly ValueType[], { axis }: AxisParams): ValueType => {
    requireFloating("argMax", x!);
    return { shape: x!.shape.filter((_, a) => a !== axis), dtype: "int64" };
  },
  vjp: noGradient,
});

export const logSoftmaxPrimitive = definePrimitive({
  name: "logSoftmax",
  infer: ([x]: readonly ValueType[], _params: AxisParams) => {
    requireFloating("logSoftmax", x!);
    return x!;
  },
  vjp: ({ cotangent, output, params: { axis } }) => [sub(cotangent, mul(exp(output), reduceSum(cotangent, [axis])))],
});

const allAxes = (x: Value): number[] => x.shape.map((_, axis) => axis);

/** Sum over the given axes (all by default), which stay with size 1. Lowerings add in two stages, for accuracy. */
export function reduceSum(x: Value, axes: readonly number[] = allAxes(x)): Value {
  const sorted = normalizeAxes("reduceSum", axes, x.rank);
  return sorted.length === 0 ? x : apply(reduceSumPrimitive, [x], { axes: sorted });
}

/** Maximum over the given axes (all by default), which stay with size 1. */
export function reduceMax(x: Value, axes: readonly number[] = allAxes(x)): Value {
  const sorted = normalizeAxes("reduceMax", axes, x.rank);
  return sorted.length === 0 ? x : apply(reduceMaxPrimitive, [x], { axes: sorted });
}

/** Arithmetic mean over the given axes (all by default), which stay with size 1. */
export function reduceMean(x: Value, axes: readonly number[] = allAxes(x)): Value {
  return mul(reduceSum(x, axes), 1 / sizeOf(axes.map((axis) => x.shape[axis < 0 ? axis + x.rank : axis]!)));
}

/** The k largest elements along an axis, in descending order; of equal ones the first comes first. */
export const topK = (x: Value, k: number, axis = -1): Value =>
  apply(topKPrimitive, [x], { k, axis: normalizeAxis("topK", axis, x.rank) });

/** The positions of {@link topK}'s elements, as int64. */
export const topKIndices = (x: Value, k: number, axis = -1): Value =>
  apply(topKIndicesPrimitive, [x], { k, axis: normalizeAxis("topK", axis, x.rank) });

/** The position of the (first) largest element along an axis, which is removed; int64. */
export const argMax = (x: Value, axis = -1): Value =>
  apply(argMaxPrimitive, [x], { axis: normalizeAxis("argMax", axis, x.rank) });

/** log(eˣ / Σ eˣ) along an axis, without overflow. */
export const logSoftmax = (x: Value, axis = -1): Value =>
  apply(logSoftmaxPrimitive, [x], { axis: normalizeAxis("logSoftmax", axis, x.rank) });

/** The sum of all elements, as a scalar (shape `[]`). */
export const total = (x: Value): Value => reshape(reduceSum(x), []);
