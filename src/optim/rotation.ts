import { assertArgument } from "../core/index.js";
import { add, div, greater, maximum, mul, reduceSum, sqrt, square, sub, type Value, where } from "../graph/index.js";
import { type AdamMoments, scaleByAdam } from "./adam.js";
import { groupNorms, smallestNorm, tangential } from "./group-norm.js";
import type { Optimizer } from "./optimizer.js";
import { addCoupledDecay, addDecoupledDecay, addHeavyBall, type DecayScale } from "./rules.js";
import { chain, type SlotKind, type UpdateContext, type UpdateRule } from "./update-rule.js";

/** Options of {@link turn}. */
export interface TurnOptions {
  /** θ, radians per step. */
  readonly angle: (context: UpdateContext) => Value;
  /** What a mean of squared sizes of updates keeps, per step, in [0, 1); 0: all steps turn alike. 0.9 by default. */
  readonly sizeDecay?: number;
  /** d, where updates of a weight c times as long are cᵈ times as large: −1 for sums of gradients, 0 for Adam's. */
  readonly degree: -1 | 0;
}

/** Weights that {@link turn} turns: scale-invariant ones with a decay, since θ follows from it. */
export const turns = ({ normAxes, weightDecay }: UpdateContext): boolean => normAxes !== undefined && weightDecay > 0;

/** s = 0 for the weights that turn, and 1 for the others. */
export const decayOfOthers: DecayScale = (context) => (turns(context) ? 0 : 1);

/**
 * Turns scale-invariant weights with a decay by θ a step on average and keeps their norms ρ, those of the first step, over
 * each channel or the whole tensor (Kosson et al. 2023, arXiv 2305.17212, algorithm 1, without its centering):
 *
 * u ← u − ŵ⟨ŵ, u⟩,  ν ← βν + (1 − β)‖u‖²,  w ← w − θρ u/√ν̂,  w ← ρ w/‖w‖,
 *
 * with ν̂ = ν/(1 − βᵗ) in the t-th update. The angle is arctan(θ‖u‖/√ν̂); with β = 0, arctan θ in every step whatever the
 * gradient. For other weights u ← ηu. It gives the whole change of a weight, so it takes the place of `scaleByRate`.
 *
 * @throws InvalidArgumentError for a β outside [0, 1).
 */
export function turn({ angle, sizeDecay = 0.9, degree }: TurnOptions): UpdateRule {
  assertArgument(sizeDecay >= 0 && sizeDecay < 1, "turn", "a sizeDecay in [0, 1)", sizeDecay);
  const squareDegree: SlotKind["degree"] = degree === 0 ? 0 : -2;
  return {
    name: "turn",
    slots: [
      { name: "norm", degree: 1, per: "group" },
      { name: "squaredSize", degree: squareDegree, per: "group" },
    ],
    scalars: { "turn/correction": (update) => 1 / (1 - sizeDecay ** update) },
    apply(update, context) {
      const { weight, normAxes, rate, slot, scalar } = context;
      if (normAxes === undefined || !turns(context)) return mul(update, rate);
      const [norm, squaredSize] = [slot("norm"), slot("squaredSize")];
      norm.next = where(greater(norm.value, 0), norm.value, groupNorms(weight, normAxes));
      const tangent = tangential(update, weight, normAxes);
      const size = mul(reduceSum(square(tangent), normAxes), 1 - sizeDecay);
      squaredSize.next = add(mul(squaredSize.value, sizeDecay), size);
      const typical = sqrt(mul(squaredSize.next, scalar("turn/correction")));
      const length = div(mul(norm.next, angle(context)), maximum(typical, smallestNorm));
      const turned = sub(weight, mul(tangent, length));
      const ratio = div(norm.next, maximum(groupNorms(turned, normAxes), smallestNorm));
      return sub(weight, mul(turned, ratio));
    },
  };
}

/** What the rotational variants share. */
export interface RotationOptions extends Pick<TurnOptions, "sizeDecay"> {
  /** λ > 0: with η it gives the angle of the scale-invariant weights; other weights decay by it. */
  readonly weightDecay: number;
}

/** Options of {@link rotationalSgd}. */
export interface RotationalSgdOptions extends RotationOptions {
  /** μ in [0, 1); 0.9 by default. */
  readonly momentum?: number;
}

/**
 * SGD with momentum whose scale-invariant weights turn by √(2ηλ/(1 + μ)) a step, the rotation that SGD with coupled decay
 * comes to, and keep their norms (Kosson et al. 2023, arXiv 2305.17212). Others are trained as by {@link sgd}.
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function rotationalSgd({ weightDecay, momentum = 0.9, sizeDecay }: RotationalSgdOptions): Optimizer {
  assertArgument(momentum >= 0 && momentum < 1, "rotationalSgd", "momentum in [0, 1)", momentum);
  checkDecay("rotationalSgd", weightDecay);
  const angle = ({ rate, weightDecay: own, momentum: inertia }: UpdateContext): Value =>
    sqrt(mul(rate, (2 * own) / (1 + inertia)));
  const turning = turn({ angle, degree: -1, ...(sizeDecay === undefined ? {} : { sizeDecay }) });
  const rule = chain(addCoupledDecay(decayOfOthers), addHeavyBall(), turning);
  const numbers = { momentum, weightDecay, nesterov: false, decay: "coupled", adaptive: false } as const;
  return { rule, ...numbers, normAware: "rotation" };
}

/** Options of {@link rotationalAdamw}. */
export interface RotationalAdamwOptions extends RotationOptions, AdamMoments {}

/**
 * AdamW whose scale-invariant weights turn by √(2ηλ(1 − β₁)/(1 + β₁)) a step, the rotation that AdamW comes to, and keep
 * their norms (Kosson et al. 2023, arXiv 2305.17212). Others are trained as by {@link adamw}.
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function rotationalAdamw({ weightDecay, sizeDecay, ...moments }: RotationalAdamwOptions): Optimizer {
  checkDecay("rotationalAdamw", weightDecay);
  const { beta1 = 0.9 } = moments;
  const angle = ({ rate, weightDecay: own }: UpdateContext): Value =>
    sqrt(mul(rate, (2 * own * (1 - beta1)) / (1 + beta1)));
  const turning = turn({ angle, degree: 0, ...(sizeDecay === undefined ? {} : { sizeDecay }) });
  const rule = chain(scaleByAdam(moments), turning, addDecoupledDecay(decayOfOthers));
  const numbers = { momentum: 0, weightDecay, nesterov: false, decay: "decoupled", adaptive: true } as const;
  return { rule, ...numbers, normAware: "rotation" };
}

function checkDecay(where: string, weightDecay: number): void {
  const fix = "the angle follows from it";
  assertArgument(weightDecay > 0 && Number.isFinite(weightDecay), where, "a weight decay > 0", weightDecay, fix);
}
