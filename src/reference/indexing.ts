import { expectation, InvalidArgumentError, type Shape, sizeOf, stridesOf } from "../core/index.js";
import { type Held, lanesOf, type Rules } from "./rule.js";
import { offsetsOf, take } from "./strided.js";

type IndexingName = "gather" | "scatterAdd" | "gatherElements" | "scatterAddElements" | "oneHot";

/** Float64 evaluation of gathers and scatters. An index out of range is an error, except in `oneHot`. */
export const indexingRules: Rules<IndexingName> = {
  gather: ([x, indices], { axis }, { shape }) => {
    const { outer, size, inner } = lanesOf(x!.shape, axis);
    const { data: rows } = inRange("gather", indices!, size);
    const out = new Float64Array(sizeOf(shape));
    let to = 0;
    for (let block = 0; block < outer; block++) {
      for (let i = 0; i < rows.length; i++, to += inner) {
        const from = (block * size + rows[i]!) * inner;
        out.set(x!.data.subarray(from, from + inner), to);
      }
    }
    return out;
  },
  scatterAdd: ([updates, indices], { axis }, { shape }) => {
    const { outer, size, inner } = lanesOf(shape, axis);
    const { data: rows } = inRange("scatterAdd", indices!, size);
    const out = new Float64Array(sizeOf(shape));
    let from = 0;
    for (let block = 0; block < outer; block++) {
      for (let i = 0; i < rows.length; i++) {
        const to = (block * size + rows[i]!) * inner;
        for (let k = 0; k < inner; k++) out[to + k]! += updates!.data[from++]!;
      }
    }
    return out;
  },
  gatherElements: ([x, indices], { axis }) => take(x!.data, elementOffsets("gatherElements", indices!, x!.shape, axis)),
  scatterAddElements: ([updates, indices], { axis }, { shape }) => {
    const at = elementOffsets("scatterAddElements", indices!, shape, axis);
    const out = new Float64Array(sizeOf(shape));
    for (let i = 0; i < at.length; i++) out[at[i]!]! += updates!.data[i]!;
    return out;
  },
  oneHot: ([indices], { depth }, { shape }) => {
    const out = new Float64Array(sizeOf(shape));
    for (const [i, index] of indices!.data.entries()) if (index >= 0 && index < depth) out[i * depth + index] = 1;
    return out;
  },
};

/** For every index, the offset of the element it points to in a tensor of the given shape. */
function elementOffsets(where: string, indices: Held, shape: Shape, axis: number): Int32Array {
  const strides = stridesOf(shape);
  const offsets = offsetsOf(
    indices.shape,
    strides.map((stride, a) => (a === axis ? 0 : stride)),
  );
  const { data } = inRange(where, indices, shape[axis]!);
  return offsets.map((offset, i) => offset + data[i]! * strides[axis]!);
}

function inRange(where: string, indices: Held, size: number): Held {
  const bad = indices.data.find((index) => index < 0 || index >= size);
  if (bad !== undefined) throw new InvalidArgumentError(expectation(where, `indices in [0, ${size})`, bad));
  return indices;
}
