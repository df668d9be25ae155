import type { Shape } from "../core/index.js";
import type { ParamsOf, PrimitiveName, ValueType } from "../graph/index.js";

/**
 * A computed value. Elements of every dtype are held as float64, so that nothing is rounded that the graph does not
 * round; int64 is exact up to 2⁵³. `float16` and `bfloat16` hold the value itself, not its bits.
 */
export interface Held extends ValueType {
  readonly data: Float64Array;
}

/** Computes the elements of a primitive's output. The data of the inputs must not be changed, but may be returned. */
export type Rule<N extends PrimitiveName> = (
  inputs: readonly Held[],
  params: ParamsOf<N>,
  output: ValueType,
) => Float64Array;

/** The rules of some primitives. */
export type Rules<N extends PrimitiveName> = { readonly [K in N]: Rule<K> };

/** A tensor seen along one axis: `outer` blocks of `size` slices of `inner` contiguous elements. */
export interface Lanes {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Splits a shape at an axis. */
export function lanesOf(shape: Shape, axis: number): Lanes {
  const product = (sizes: Shape): number => sizes.reduce((a, b) => a * b, 1);
  return { outer: product(shape.slice(0, axis)), size: shape[axis]!, inner: product(shape.slice(axis + 1)) };
}
