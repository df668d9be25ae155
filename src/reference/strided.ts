import { type Shape, sameShape, stridesOf } from "../core/index.js";

/** The offset `start + Σ index · stride` of every index of a shape, in row-major order. */
export function offsetsOf(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  let offsets = Int32Array.of(start);
  for (const [axis, size] of shape.entries()) {
    const stride = strides[axis]!;
    const next = new Int32Array(offsets.length * size);
    let at = 0;
    for (let i = 0; i < offsets.length; i++) {
      const base = offsets[i]!;
      for (let k = 0; k < size; k++) next[at++] = base + k * stride;
    }
    offsets = next;
  }
  return offsets;
}

/** Strides that read a tensor of shape `from` as if it were stretched to `to`. */
export function stretchedStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}

/** The elements at the given offsets. */
export function take(data: Float64Array, offsets: Int32Array): Float64Array {
  const out = new Float64Array(offsets.length);
  for (let i = 0; i < offsets.length; i++) out[i] = data[offsets[i]!]!;
  return out;
}

/** The elements of a tensor, stretched to a shape. */
export function stretched(data: Float64Array, from: Shape, to: Shape): Float64Array {
  return sameShape(from, to) ? data : take(data, offsetsOf(to, stretchedStrides(from, to)));
}
