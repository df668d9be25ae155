import type { RandomStream, Tensor } from "../../core/index.js";
import { forEachRun } from "../../dynamics/channel-groups.js";
import type { WeightGroups } from "../weight-groups.js";

/** ε loses its influence on weights that are this many times as long, as the kth power of it. */
export const lengthened = 16;

/** A weight with each group multiplied by a factor of its own; channels that are in no group stay. */
export function scaledGroups(
  weight: Tensor<"float32">,
  { axis, groups }: WeightGroups,
  factors: ArrayLike<number>,
): Tensor<"float32"> {
  const data = weight.data.slice();
  forEachRun(weight.shape, axis, (channel, from, to) => {
    const factor = factors[groups[channel]!];
    if (factor === undefined) return;
    for (let i = from; i < to; i++) data[i]! *= factor;
  });
  return { dtype: "float32", shape: weight.shape, data };
}

/** A weight multiplied by one factor. */
export function scaled({ shape, data }: Tensor<"float32">, factor: number): Tensor<"float32"> {
  return { dtype: "float32", shape, data: data.map((value) => value * factor) };
}

/** Random factors in [½, 2], evenly in their logarithm; where there is one, it is at the edge, which shows most. */
export function randomFactors(count: number, random: RandomStream): Float64Array {
  if (count === 1) return Float64Array.of(random.uniform() < 0.5 ? 0.55 : 1.9);
  return Float64Array.from({ length: count }, () => 2 ** (2 * random.uniform() - 1));
}
