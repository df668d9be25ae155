import {
  DataError,
  expectation,
  isFloating,
  normalizeAxis,
  type Shape,
  sizeOf,
  stridesOf,
} from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { follows } from "../not-followed.js";
import { isValue } from "../operand.js";
import { arithmetic } from "./elementwise.js";

/** Indices along an axis of some size as a value: known ones may count from the end, others may not. */
function indices(call: Call, place: number, size: number): Value {
  if (isValue(call.operand(place))) return call.value(place);
  const host = call.host(place);
  const data = host.data.map((index) => (index < 0 ? index + size : index));
  const bad = data.find((index) => !(Number.isInteger(index) && index >= 0 && index < size));
  if (bad !== undefined) throw new DataError(expectation(call.where, `indices below ${size}`, bad));
  return call.constant({ ...host, data });
}

/** One known index is a slice; others are looked up. */
const gather: Rule = (call) => {
  const x = call.value(0);
  const axis = normalizeAxis(call.where, call.at.int("axis", 0), x.rank);
  const size = x.shape[axis]!;
  const around = (inner: Shape): number[] => [...x.shape.slice(0, axis), ...inner, ...x.shape.slice(axis + 1)];
  const at = indices(call, 1, size);
  if (at.source.kind === "constant" && sizeOf(at.shape) === 1) {
    const index = Number(at.source.tensor.data[0]);
    return g.reshape(g.sliceAxis(x, axis, index, index + 1), around(at.shape));
  }
  return g.gather(x, at, axis);
};

const gatherElements: Rule = (call) => {
  const x = call.value(0);
  const axis = normalizeAxis(call.where, call.at.int("axis", 0), x.rank);
  const at = indices(call, 1, x.shape[axis]!);
  follows(at.rank === x.rank, "indices of another number of axes");
  // Only the part of the other axes that the indices cover is looked into.
  const ends = x.shape.map((size, a) => (a === axis ? size : at.shape[a]!));
  return g.gatherElements(
    g.slice(
      x,
      ends.map(() => 0),
      ends,
    ),
    at,
    axis,
  );
};

/** Tuples of indices [..., k] into the first k axes, as places in those axes flattened: [...]. */
function flatPlaces(call: Call, place: number, shape: Shape): { places: Value; depth: number } {
  const { length: rank } = call.shape(place);
  const depth = call.shape(place)[rank - 1] ?? 0;
  const strides = stridesOf(shape.slice(0, depth));
  const outer = call.shape(place).slice(0, -1);
  follows(depth >= 1 && depth <= shape.length, "tuples of more indices than there are axes");
  if (!isValue(call.operand(place))) {
    const { data } = call.host(place);
    const flat = call.allocate(outer);
    for (let at = 0; at < flat.length; at++) {
      for (let axis = 0; axis < depth; axis++) {
        const [index, size] = [data[at * depth + axis]!, shape[axis]!];
        if (!(Number.isInteger(index) && index >= -size && index < size))
          throw new DataError(expectation(call.where, `indices below ${size}`, index));
        flat[at]! += (index < 0 ? index + size : index) * strides[axis]!;
      }
    }
    return { places: call.constant({ dtype: "int64", shape: outer, data: flat }), depth };
  }
  const tuples = call.value(place);
  const parts = strides.map((stride, axis) =>
    arithmetic(g.mul, g.sliceAxis(tuples, -1, axis, axis + 1), call.graph.constant(stride, tuples.dtype)),
  );
  return {
    places: g.reshape(
      parts.reduce((sum, part) => arithmetic(g.add, sum, part)),
      outer,
    ),
    depth,
  };
}

const flatFirst = (x: Value, depth: number): Value =>
  g.reshape(x, [sizeOf(x.shape.slice(0, depth)), ...x.shape.slice(depth)]);

const gatherTuples: Rule = (call) => {
  const x = call.value(0);
  follows(call.at.int("batch_dims", 0) === 0, "batch_dims are not followed");
  const { places, depth } = flatPlaces(call, 1, x.shape);
  return g.gather(flatFirst(x, depth), places, 0);
};

/** x where nothing is written, and the updates elsewhere; or their sum. */
function written(call: Call, x: Value, scatter: (updates: Value) => Value, updates: Value): Value {
  const reduction = call.at.text("reduction", "none");
  follows(reduction === "none" || reduction === "add", `a reduction by ${reduction} is not followed`);
  follows(isFloating(x.dtype), "writing into whole numbers that are not known is not followed");
  if (reduction === "add") return g.add(x, scatter(updates));
  const ones = g.broadcastTo(call.graph.constant(1, updates.dtype), updates.shape);
  return g.where(g.greater(scatter(ones), 0), scatter(updates), x);
}

const scatterElements: Rule = (call) => {
  const [x, updates] = [call.value(0), call.value(2)];
  const axis = normalizeAxis(call.where, call.at.int("axis", 0), x.rank);
  const at = indices(call, 1, x.shape[axis]!);
  const none = x.shape.map(() => 0);
  const scatter = (values: Value): Value => {
    const part = g.scatterAddElements(values, at, axis, x.shape[axis]!);
    return g.pad(
      part,
      none,
      x.shape.map((size, a) => size - part.shape[a]!),
    );
  };
  return written(call, x, scatter, updates);
};

const scatterTuples: Rule = (call) => {
  const [x, updates] = [call.value(0), call.value(2)];
  const { places, depth } = flatPlaces(call, 1, x.shape);
  const size = sizeOf(x.shape.slice(0, depth));
  const count = sizeOf(places.shape);
  const scatter = (values: Value): Value =>
    g.reshape(
      g.scatterAdd(g.reshape(values, [count, ...x.shape.slice(depth)]), g.reshape(places, [count]), 0, size),
      x.shape,
    );
  return written(call, x, scatter, updates);
};

/** Known depth and values [off, on]; the new axis comes last by default. */
const oneHot: Rule = (call) => {
  const depth = call.number(1);
  const [off, on] = call.host(2).data;
  const hot = g.oneHot(indices(call, 0, depth), depth);
  const axis = normalizeAxis(call.where, call.at.int("axis", -1), hot.rank);
  const order = hot.shape.map((_, at) => at).slice(0, -1);
  order.splice(axis, 0, hot.rank - 1);
  return g.transpose(g.add(g.mul(hot, (on ?? 1) - (off ?? 0)), off ?? 0), order);
};

/** Elements looked up, or written, by indices. */
export const indexing: Readonly<Record<string, Rule>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherTuples,
  ScatterElements: scatterElements,
  ScatterND: scatterTuples,
  OneHot: oneHot,
};
