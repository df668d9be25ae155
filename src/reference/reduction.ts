import { sizeOf, stridesOf } from "../core/index.js";
import { type Held, lanesOf, type Rules } from "./rule.js";
import { offsetsOf, stretchedStrides } from "./strided.js";

type ReductionName = "reduceSum" | "reduceMax" | "topK" | "topKIndices" | "argMax" | "logSoftmax";

/** Float64 evaluation of the reductions. */
export const reductionRules: Rules<ReductionName> = {
  reduceSum: ([x], _params, { shape }) => {
    const out = new Float64Array(sizeOf(shape));
    const to = offsetsOf(x!.shape, stretchedStrides(shape, x!.shape));
    for (let i = 0; i < to.length; i++) out[to[i]!]! += x!.data[i]!;
    return out;
  },
  reduceMax: ([x], _params, { shape }) => {
    const out = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
    const to = offsetsOf(x!.shape, stretchedStrides(shape, x!.shape));
    for (let i = 0; i < to.length; i++) out[to[i]!] = Math.max(out[to[i]!]!, x!.data[i]!);
    return out;
  },
  topK: ([x], { k, axis }, { shape }) => {
    const at = topPositions(x!, k, axis);
    const from = laneStarts(x!.shape, shape, axis);
    const { inner } = lanesOf(x!.shape, axis);
    return Float64Array.from(at, (position, i) => x!.data[from[i]! + position * inner]!);
  },
  topKIndices: ([x], { k, axis }) => topPositions(x!, k, axis),
  argMax: ([x], { axis }) => topPositions(x!, 1, axis),
  logSoftmax: ([x], { axis }) => {
    const { outer, size, inner } = lanesOf(x!.shape, axis);
    const { data } = x!;
    const out = new Float64Array(data.length);
    for (let lane = 0; lane < outer * inner; lane++) {
      const start = Math.floor(lane / inner) * size * inner + (lane % inner);
      const end = start + size * inner;
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = start; i < end; i += inner) largest = Math.max(largest, data[i]!);
      let sum = 0;
      for (let i = start; i < end; i += inner) sum += Math.exp(data[i]! - largest);
      const logSum = Math.log(sum);
      for (let i = start; i < end; i += inner) out[i] = data[i]! - largest - logSum;
    }
    return out;
  },
};

/** For every element of `shape`, the offset in a tensor of shape `from` where its lane along the axis starts. */
function laneStarts(from: readonly number[], shape: readonly number[], axis: number): Int32Array {
  return offsetsOf(
    shape,
    stridesOf(from).map((stride, a) => (a === axis ? 0 : stride)),
  );
}

/** Positions of the k largest elements of every lane, largest first, equal ones in order. */
function topPositions({ data, shape }: Held, k: number, axis: number): Float64Array {
  const { outer, size, inner } = lanesOf(shape, axis);
  const out = new Float64Array(outer * k * inner);
  const order = new Uint32Array(size);
  for (let lane = 0; lane < outer * inner; lane++) {
    const block = Math.floor(lane / inner);
    const start = block * size * inner + (lane % inner);
    const at = (i: number): number => data[start + i * inner]!;
    for (let i = 0; i < size; i++) order[i] = i;
    order.sort((i, j) => at(j) - at(i) || i - j);
    for (let i = 0; i < k; i++) out[(block * k + i) * inner + (lane % inner)] = order[i]!;
  }
  return out;
}
