import type { Tensor } from "../../core/index.js";
import { forEachRun } from "../../dynamics/channel-groups.js";
import type { WeightGroups } from "../weight-groups.js";
import { floatTensor } from "../weights/float-tensor.js";

/** Sums over each group of a weight. */
interface GroupSums {
  readonly product: Float64Array;
  readonly weight: Float64Array;
  readonly gradient: Float64Array;
  /** Squared norm of the change of the gradient under rounding. */
  readonly noise: Float64Array;
}

/** What a gradient says of the groups of a weight. */
export interface GradientCosine {
  /** The greatest |⟨w, ∇w⟩|/(‖w‖‖∇w‖) over the groups: 0 where scaling a group changes nothing. */
  readonly largest: number;
  /** The same, of that part of each group that rounding does not explain. */
  readonly beyondNoise: number;
}

/** Groups whose gradient is this much below the root mean square of all groups hold rounding alone. */
const negligible = 1e-6;
/** How many times the change that rounding makes is allowed. */
const noiseFactor = 10;

/**
 * The cosines between a weight's groups and their gradients.
 *
 * @param blurred The gradient at weights that differ in their last bits.
 */
export function gradientCosine(
  weight: Tensor<"float32">,
  gradient: Tensor,
  blurred: Tensor,
  groups: WeightGroups,
): GradientCosine {
  const sums = groupSums(weight, gradient, blurred, groups);
  const meanOf = (squares: Float64Array): number => squares.reduce((sum, square) => sum + square, 0) / groups.count;
  const [mean, meanNoise] = [meanOf(sums.gradient), meanOf(sums.noise)];
  let [largest, beyondNoise] = [0, 0];
  for (let group = 0; group < groups.count; group++) {
    const square = sums.gradient[group]!;
    if (square <= negligible ** 2 * mean || sums.weight[group] === 0) continue;
    const cosine = Math.abs(sums.product[group]!) / Math.sqrt(square * sums.weight[group]!);
    largest = Math.max(largest, cosine);
    // One group's rounding may happen to be small.
    const noise = Math.max(sums.noise[group]!, meanNoise);
    beyondNoise = Math.max(beyondNoise, cosine - noiseFactor * Math.sqrt(noise / square));
  }
  return { largest, beyondNoise };
}

function groupSums(weight: Tensor, gradient: Tensor, blurred: Tensor, groups: WeightGroups): GroupSums {
  const [w, g, b] = [floatTensor(weight).data, floatTensor(gradient).data, floatTensor(blurred).data];
  const zeros = (): Float64Array => new Float64Array(groups.count);
  const sums: GroupSums = { product: zeros(), weight: zeros(), gradient: zeros(), noise: zeros() };
  forEachRun(weight.shape, groups.axis, (channel, from, to) => {
    const group = groups.groups[channel]!;
    if (group < 0) return;
    for (let i = from; i < to; i++) {
      sums.product[group]! += w[i]! * g[i]!;
      sums.weight[group]! += w[i]! * w[i]!;
      sums.gradient[group]! += g[i]! * g[i]!;
      sums.noise[group]! += (b[i]! - g[i]!) ** 2;
    }
  });
  return sums;
}
