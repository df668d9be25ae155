import { type Shape, stridesOf } from "../../../core/index.js";
import type { Call } from "../call.js";

/** Strides that read a tensor of shape `from` as if it were stretched to `to`. */
export function stretchedStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}

/** The elements at `start + Σ index · stride` for every index of a shape, in row-major order. */
export function viewed(
  call: Call,
  data: Float64Array,
  shape: Shape,
  strides: readonly number[],
  start = 0,
): Float64Array {
  const out = call.allocate(shape);
  const index = new Array<number>(shape.length).fill(0);
  let from = start;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
