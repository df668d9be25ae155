import { div, maximum, mul, reduceSum, sqrt, square, sub, type Value } from "../graph/index.js";

/** Keeps quotients by norms of all-zero groups finite; its square is still a number in float32. */
export const smallestNorm = 1e-18;

/** The 2-norm over some axes, which are kept with length 1. */
export function groupNorms(x: Value, axes: readonly number[]): Value {
  return sqrt(reduceSum(square(x), axes));
}

/** u − w⟨w, u⟩/‖w‖²: what of an update turns the weight; products and norms over the given axes. */
export function tangential(update: Value, weight: Value, axes: readonly number[]): Value {
  const squaredNorm = maximum(reduceSum(square(weight), axes), smallestNorm ** 2);
  return sub(update, mul(weight, div(reduceSum(mul(weight, update), axes), squaredNorm)));
}

/** All axes of a value, the given ones left out. */
export function axesOf({ rank }: Value, without: readonly number[] = []): number[] {
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !without.includes(axis));
}
