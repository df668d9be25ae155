import { DataError, expectation, normalizeAxis, sizeOf, stridesOf } from "../../../core/index.js";
import type { Call, Rule } from "../call.js";
import { follows } from "../not-followed.js";

/** A place in an axis, which may count from the end. */
function place(call: Call, index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  if (Number.isInteger(at) && at >= 0 && at < size) return at;
  throw new DataError(expectation(call.where, `an index in [${-size}, ${size})`, index));
}

const gathered: Rule = (call) => {
  const [x, indices] = [call.host(0), call.host(1)];
  const axis = normalizeAxis(call.where, call.at.int("axis", 0), x.shape.length);
  const [size, inner] = [x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))];
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const data = call.allocate(shape);
  let at = 0;
  for (let block = 0; block < sizeOf(x.shape.slice(0, axis)); block++) {
    for (const index of indices.data) {
      const from = (block * size + place(call, index, size)) * inner;
      data.set(x.data.subarray(from, from + inner), at);
      at += inner;
    }
  }
  return { ...x, shape, data };
};

/** Where a tuple of indices leads: the offset of its part of x, and how many elements that part has. */
function tuples(call: Call): { offsets: Float64Array; inner: number } {
  const [x, indices] = [call.host(0), call.host(1)];
  const depth = indices.shape.at(-1) ?? 0;
  if (indices.shape.length === 0 || depth > x.shape.length) {
    throw new DataError(expectation(call.where, `tuples of at most ${x.shape.length} indices`, `[${indices.shape}]`));
  }
  const strides = stridesOf(x.shape);
  const offsets = call.allocate(indices.shape.slice(0, -1));
  for (let i = 0; i < offsets.length; i++) {
    for (let axis = 0; axis < depth; axis++) {
      offsets[i]! += place(call, indices.data[i * depth + axis]!, x.shape[axis]!) * strides[axis]!;
    }
  }
  return { offsets, inner: sizeOf(x.shape.slice(depth)) };
}

const gatheredTuples: Rule = (call) => {
  follows(call.at.int("batch_dims", 0) === 0, "batch_dims are not followed");
  const [x, indices] = [call.host(0), call.host(1)];
  const { offsets, inner } = tuples(call);
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(indices.shape.at(-1))];
  const data = call.allocate(shape);
  for (const [i, offset] of offsets.entries()) data.set(x.data.subarray(offset, offset + inner), i * inner);
  return { ...x, shape, data };
};

const writtenTuples: Rule = (call) => {
  follows(call.at.text("reduction", "none") === "none", "a reduction of known numbers is not followed");
  const [x, updates] = [call.host(0), call.host(2)];
  const { offsets, inner } = tuples(call);
  if (updates.data.length !== offsets.length * inner) {
    throw new DataError(expectation(call.where, `${offsets.length * inner} updates`, updates.data.length));
  }
  const data = call.allocate(x.shape);
  data.set(x.data);
  for (const [i, offset] of offsets.entries()) data.set(updates.data.subarray(i * inner, (i + 1) * inner), offset);
  return { ...x, data };
};

/** The places of what is not 0, one axis of x in a row: [rank, count]. */
const nonZero: Rule = (call) => {
  const x = call.host(0);
  const strides = stridesOf(x.shape);
  const found = x.data.reduce((count, value) => count + Number(value !== 0), 0);
  const shape = [x.shape.length, found];
  const data = call.allocate(shape);
  let column = 0;
  for (const [at, value] of x.data.entries()) {
    if (value === 0) continue;
    for (const [axis, stride] of strides.entries())
      data[axis * found + column] = Math.floor(at / stride) % x.shape[axis]!;
    column++;
  }
  return { dtype: "int64", shape, data };
};

/** Known elements looked up, or written, by indices. */
export const hostIndexing: Readonly<Record<string, Rule>> = {
  Gather: gathered,
  GatherND: gatheredTuples,
  ScatterND: writtenTuples,
  NonZero: nonZero,
};
