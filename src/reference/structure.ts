import {
  type DType,
  fromBfloat16Bits,
  fromFloat16Bits,
  isFloating,
  sizeOf,
  stridesOf,
  toBfloat16Bits,
  toFloat16Bits,
} from "../core/index.js";
import { lanesOf, type Rules } from "./rule.js";
import { offsetsOf, stretched, take } from "./strided.js";

type StructureName = "reshape" | "broadcastTo" | "transpose" | "concat" | "slice" | "pad" | "cast";

/** Float64 evaluation of the primitives that move elements or change their dtype. */
export const structureRules: Rules<StructureName> = {
  reshape: ([x]) => x!.data,
  broadcastTo: ([x], { shape }) => stretched(x!.data, x!.shape, shape),
  transpose: ([x], { permutation }, { shape }) => {
    const strides = stridesOf(x!.shape);
    return take(
      x!.data,
      offsetsOf(
        shape,
        permutation.map((axis) => strides[axis]!),
      ),
    );
  },
  concat: (inputs, { axis }, { shape }) => {
    const { outer, size, inner } = lanesOf(shape, axis);
    const out = new Float64Array(sizeOf(shape));
    let start = 0;
    for (const { data, shape: own } of inputs) {
      const run = own[axis]! * inner;
      for (let block = 0; block < outer; block++) {
        out.set(data.subarray(block * run, (block + 1) * run), block * size * inner + start);
      }
      start += run;
    }
    return out;
  },
  slice: ([x], { starts, strides: steps }, { shape }) => {
    const strides = stridesOf(x!.shape);
    const first = strides.reduce((sum, stride, axis) => sum + stride * starts[axis]!, 0);
    return take(
      x!.data,
      offsetsOf(
        shape,
        strides.map((stride, axis) => stride * steps[axis]!),
        first,
      ),
    );
  },
  pad: ([x], { before, value }, { shape }) => {
    const out = new Float64Array(sizeOf(shape)).fill(value);
    const strides = stridesOf(shape);
    const first = strides.reduce((sum, stride, axis) => sum + stride * before[axis]!, 0);
    const to = offsetsOf(x!.shape, strides, first);
    for (let i = 0; i < to.length; i++) out[to[i]!] = x!.data[i]!;
    return out;
  },
  cast: ([x], { dtype }) => converted(x!.data, x!.dtype, dtype),
};

/**
 * Elements converted to another dtype: rounded to the grid of `float16` and `bfloat16`, truncated towards 0 for integers, 1 or
 * 0 for `bool`. `float32` is not rounded to: the reference says what exact arithmetic gives, not what single precision does.
 */
export function converted(data: Float64Array, from: DType, to: DType): Float64Array {
  if (to === "float16") return data.map((x) => fromFloat16Bits(toFloat16Bits(x)));
  if (to === "bfloat16") return data.map((x) => fromBfloat16Bits(toBfloat16Bits(x)));
  if (to === "bool") return data.map((x) => (x === 0 ? 0 : 1));
  return isFloating(to) || !isFloating(from) ? data : data.map(Math.trunc);
}
