import {
  broadcastShapes,
  DataError,
  expectation,
  normalizeAxis,
  type Shape,
  sizeOf,
  stridesOf,
} from "../../../core/index.js";
import type { Call, Rule } from "../call.js";
import { cutsOf, partsOf, permutationOf, reshapedTo, squeezedTo, unsqueezedTo } from "../operators/sizes.js";
import { type HostTensor, hostTensor } from "./host-tensor.js";
import { stretchedStrides, viewed } from "./view.js";

/** The same elements in another shape. */
const reshaped =
  (shapeFor: (call: Call) => Shape): Rule =>
  (call) => ({ ...call.host(0), shape: shapeFor(call) });

/** A shape made of numbers in a file. */
function stated(call: Call, sizes: readonly number[]): Shape {
  if (sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) return sizes;
  throw new DataError(expectation(call.where, "sizes from 0", `[${sizes}]`));
}

const transposed: Rule = (call) => {
  const x = call.host(0);
  const permutation = permutationOf(call);
  const shape = permutation.map((axis) => x.shape[axis]!);
  const strides = stridesOf(x.shape);
  return {
    ...x,
    shape,
    data: viewed(
      call,
      x.data,
      shape,
      permutation.map((axis) => strides[axis]!),
    ),
  };
};

const sliced: Rule = (call) => {
  const x = call.host(0);
  const cuts = cutsOf(call);
  const strides = stridesOf(x.shape);
  const shape = cuts.map(({ count }) => count);
  const first = strides.reduce((sum, stride, axis) => sum + stride * cuts[axis]!.start, 0);
  return {
    ...x,
    shape,
    data: viewed(
      call,
      x.data,
      shape,
      strides.map((stride, axis) => stride * cuts[axis]!.step),
      first,
    ),
  };
};

const split: Rule = (call) => {
  const x = call.host(0);
  const axis = normalizeAxis(call.where, call.at.int("axis", 0), x.shape.length);
  const strides = stridesOf(x.shape);
  let start = 0;
  return partsOf(call, x.shape[axis]!).map((size): HostTensor => {
    const shape = x.shape.map((whole, a) => (a === axis ? size : whole));
    const data = viewed(call, x.data, shape, strides, start * strides[axis]!);
    start += size;
    return { ...x, shape, data };
  });
};

const expanded: Rule = (call) => {
  const x = call.host(0);
  const shape = broadcastShapes(call.where, x.shape, stated(call, call.ints(1)));
  return { ...x, shape, data: viewed(call, x.data, shape, stretchedStrides(x.shape, shape)) };
};

const tiled: Rule = (call) => {
  const x = call.host(0);
  const repeats = stated(call, call.ints(1));
  if (repeats.length !== x.shape.length)
    throw new DataError(expectation(call.where, `${x.shape.length} repeats`, `[${repeats}]`));
  const strides = stridesOf(x.shape);
  const apart = x.shape.flatMap((size, axis) => [repeats[axis]!, size]);
  const data = viewed(
    call,
    x.data,
    apart,
    strides.flatMap((stride) => [0, stride]),
  );
  return { ...x, shape: x.shape.map((size, axis) => size * repeats[axis]!), data };
};

const joined: Rule = (call) => {
  const parts = call.hosts();
  const [first] = parts;
  const axis = normalizeAxis(call.where, call.at.int("axis"), first.shape.length);
  const odd = parts.find(
    ({ shape }) =>
      shape.length !== first.shape.length || shape.some((size, a) => a !== axis && size !== first.shape[a]),
  );
  if (odd) throw new DataError(expectation(call.where, `[${first.shape}] but for axis ${axis}`, `[${odd.shape}]`));
  const shape = first.shape.map((size, a) =>
    a === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : size,
  );
  const data = call.allocate(shape);
  const [blocks, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  let at = 0;
  for (let block = 0; block < blocks; block++) {
    for (const part of parts) {
      const run = part.shape[axis]! * inner;
      data.set(part.data.subarray(block * run, (block + 1) * run), at);
      at += run;
    }
  }
  return { ...first, shape, data };
};

const constantOfShape: Rule = (call) => {
  const shape = stated(call, call.ints(0));
  const value = call.at.has("value") ? hostTensor(call.at.tensor("value")) : undefined;
  return { dtype: value?.dtype ?? "float32", shape, data: call.allocate(shape).fill(value?.data[0] ?? 0) };
};

const range: Rule = (call) => {
  const [start, limit, step] = [call.number(0), call.number(1), call.number(2)];
  const count = Math.max(Math.ceil((limit - start) / step), 0);
  if (!Number.isSafeInteger(count))
    throw new DataError(expectation(call.where, "a range that ends", `${start} to ${limit} by ${step}`));
  return { dtype: call.host(0).dtype, shape: [count], data: call.allocate([count]).map((_, at) => start + at * step) };
};

const triangle: Rule = (call) => {
  const x = call.host(0);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  if (x.shape.length < 2) throw new DataError(expectation(call.where, "at least two axes", `[${x.shape}]`));
  const diagonal = call.has(1) ? call.number(1) : 0;
  const upper = call.at.flag("upper", true);
  const data = call.allocate(x.shape).map((_, at) => {
    const beyond = (at % columns) - (Math.floor(at / columns) % rows) - diagonal;
    return (upper ? beyond >= 0 : beyond <= 0) ? x.data[at]! : 0;
  });
  return { ...x, data };
};

/** What moves known elements, or makes them of nothing but sizes. */
export const hostStructure: Readonly<Record<string, Rule>> = {
  Reshape: reshaped(reshapedTo),
  Squeeze: reshaped(squeezedTo),
  Unsqueeze: reshaped(unsqueezedTo),
  Flatten: reshaped((call) => {
    const shape = call.shape(0);
    const axis = call.at.int("axis", 1);
    return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
  }),
  Transpose: transposed,
  Slice: sliced,
  Split: split,
  Expand: expanded,
  Tile: tiled,
  Concat: joined,
  ConstantOfShape: constantOfShape,
  Range: range,
  Trilu: triangle,
};
