import { isFloating, normalizeAxes, normalizeAxis, sizeOf } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Rule } from "../call.js";
import { follows } from "../not-followed.js";
import { axesOf } from "./sizes.js";

type Reduction = (x: Value, axes: readonly number[]) => Value;

/** A reduction over the axes that the node names, all by default, which stay with size 1 or go. */
const over =
  (reduce: Reduction): Rule =>
  (call) => {
    const x = call.value(0);
    const given = axesOf(call, 1) ?? [];
    if (given.length === 0 && call.at.flag("noop_with_empty_axes", false)) return x;
    const axes = given.length === 0 ? x.shape.map((_, axis) => axis) : normalizeAxes(call.where, given, x.rank);
    const y = isFloating(x.dtype) ? reduce(x, axes) : g.cast(reduce(g.cast(x, "float64"), axes), x.dtype);
    return dropped(y, axes, call.at.flag("keepdims", true));
  };

const dropped = (y: Value, axes: readonly number[], keep: boolean): Value =>
  keep
    ? y
    : g.reshape(
        y,
        y.shape.filter((_, axis) => !axes.includes(axis)),
      );

const minimum: Reduction = (x, axes) => g.neg(g.reduceMax(g.neg(x), axes));

/** A product of so many elements is multiplied out; more are not followed. */
const mostFactors = 256;
const product: Reduction = (x, axes) => {
  let all = x;
  for (const axis of axes) {
    const size = all.shape[axis]!;
    follows(size <= mostFactors, `a product of more than ${mostFactors} elements is not followed`);
    const slices = Array.from({ length: size }, (_, at) => g.sliceAxis(all, axis, at, at + 1));
    all = slices.reduce((sum, part) => g.mul(sum, part));
  }
  return all;
};

/** log Σ eˣ, without overflow. */
const logSumExp: Reduction = (x, axes) => {
  const largest = g.stopGradient(g.reduceMax(x, axes));
  return g.add(g.log(g.reduceSum(g.exp(g.sub(x, largest)), axes)), largest);
};

const floating = (x: Value): Value => (isFloating(x.dtype) ? x : g.cast(x, "float64"));

/** The position of the largest element, of the negated for the smallest; the first of equal ones. */
const position =
  (sign: (x: Value) => Value): Rule =>
  (call) => {
    const x = floating(call.value(0));
    follows(!call.at.flag("select_last_index", false), "the last of equal elements is not followed");
    const axis = normalizeAxis(call.where, call.at.int("axis", 0), x.rank);
    const y = g.argMax(sign(x), axis);
    return call.at.flag("keepdims", true)
      ? g.reshape(
          y,
          x.shape.map((size, a) => (a === axis ? 1 : size)),
        )
      : y;
  };

const topK: Rule = (call) => {
  const given = call.value(0);
  const [x, k, axis] = [floating(given), call.number(1), call.at.int("axis", -1)];
  if (call.at.flag("largest", true)) return [g.cast(g.topK(x, k, axis), given.dtype), g.topKIndices(x, k, axis)];
  return [g.cast(g.neg(g.topK(g.neg(x), k, axis)), given.dtype), g.topKIndices(g.neg(x), k, axis)];
};

/** Running sums, as a product with a triangle of ones. */
const cumulativeSum: Rule = (call) => {
  const given = call.value(0);
  const axis = normalizeAxis(call.where, call.number(1), given.rank);
  const size = given.shape[axis]!;
  const [exclusive, reverse] = [call.at.flag("exclusive", false), call.at.flag("reverse", false)];
  const data = call.allocate([size, size]).map((_, at) => {
    const later = ((at % size) - Math.floor(at / size)) * (reverse ? -1 : 1);
    return Number(exclusive ? later > 0 : later >= 0);
  });
  const x = floating(given);
  const last = x.shape.map((_, a) => a).filter((a) => a !== axis);
  const order = [...last, axis];
  const triangle = g.cast(call.constant({ dtype: "float32", shape: [size, size], data }), x.dtype);
  const rows = g.reshape(g.transpose(x, order), [sizeOf(x.shape) / size, size]);
  const sums = g.reshape(
    g.matmul(rows, triangle),
    order.map((a) => x.shape[a]!),
  );
  return g.cast(
    g.transpose(
      sums,
      order.map((_, a) => order.indexOf(a)),
    ),
    given.dtype,
  );
};

/** Sums, extremes and their positions. */
export const reduction: Readonly<Record<string, Rule>> = {
  ReduceSum: over(g.reduceSum),
  ReduceMean: over(g.reduceMean),
  ReduceMax: over(g.reduceMax),
  ReduceMin: over(minimum),
  ReduceProd: over(product),
  ReduceL1: over((x, axes) => g.reduceSum(g.abs(x), axes)),
  ReduceL2: over((x, axes) => g.sqrt(g.reduceSum(g.square(x), axes))),
  ReduceSumSquare: over((x, axes) => g.reduceSum(g.square(x), axes)),
  ReduceLogSum: over((x, axes) => g.log(g.reduceSum(x, axes))),
  ReduceLogSumExp: over(logSumExp),
  ArgMax: position((x) => x),
  ArgMin: position(g.neg),
  TopK: topK,
  CumSum: cumulativeSum,
};
