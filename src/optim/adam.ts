import { assertArgument } from "../core/index.js";
import { add, div, mul, sqrt, square } from "../graph/index.js";
import { clipChecked, type Optimizer } from "./optimizer.js";
import { addCoupledDecay, addDecoupledDecay, scaleByRate } from "./rules.js";
import { chain, type UpdateRule } from "./update-rule.js";

/** Numbers of {@link scaleByAdam}. */
export interface AdamMoments {
  /** β₁ in [0, 1), per step: what the mean of the gradients keeps; 0.9 by default. */
  readonly beta1?: number;
  /** β₂ in [0, 1), per step: what the mean of their squares keeps; 0.999 by default. */
  readonly beta2?: number;
  /** ε ≥ 0, added to the root of the corrected mean square; 1e-8 by default. */
  readonly epsilon?: number;
}

/** Options of {@link adam} and {@link adamw}. */
export interface AdamOptions extends AdamMoments {
  /** λ ≥ 0. */
  readonly weightDecay?: number;
  /** Limit of the gradient's norm; see {@link Optimizer.clipNorm}. None by default. */
  readonly clipNorm?: number;
}

/**
 * m ← β₁m + (1 − β₁)u, v ← β₂v + (1 − β₂)u², u ← m̂ / (√v̂ + ε), with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) in the t-th
 * update (Kingma & Ba 2015, algorithm 1; ε as in PyTorch).
 *
 * @throws InvalidArgumentError for β outside [0, 1) or a negative ε.
 */
export function scaleByAdam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamMoments = {}): UpdateRule {
  assertArgument(beta1 >= 0 && beta1 < 1, "adam", "beta1 in [0, 1)", beta1);
  assertArgument(beta2 >= 0 && beta2 < 1, "adam", "beta2 in [0, 1)", beta2);
  assertArgument(epsilon >= 0 && Number.isFinite(epsilon), "adam", "epsilon ≥ 0", epsilon);
  return {
    name: "scaleByAdam",
    slots: [
      { name: "firstMoment", degree: -1 },
      { name: "secondMoment", degree: -2 },
    ],
    // In float64 outside the graph: 1 − β₂ᵗ is a difference of nearly equal numbers in the first steps.
    scalars: {
      "adam/meanCorrection": (update) => 1 / (1 - beta1 ** update),
      "adam/rootCorrection": (update) => 1 / Math.sqrt(1 - beta2 ** update),
    },
    apply(update, { slot, scalar }) {
      const [first, second] = [slot("firstMoment"), slot("secondMoment")];
      first.next = add(mul(first.value, beta1), mul(update, 1 - beta1));
      second.next = add(mul(second.value, beta2), mul(square(update), 1 - beta2));
      const mean = mul(first.next, scalar("adam/meanCorrection"));
      const root = mul(sqrt(second.next), scalar("adam/rootCorrection"));
      return div(mean, add(root, epsilon));
    },
  };
}

/**
 * Adam with coupled decay, as PyTorch's `Adam`: g + λw enters the moments, w ← w − η m̂ / (√v̂ + ε). λ is 0 by default.
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function adam({ weightDecay = 0, clipNorm, ...moments }: AdamOptions = {}): Optimizer {
  const rule = chain(addCoupledDecay(), scaleByAdam(moments), scaleByRate());
  return adaptive("adam", rule, "coupled", weightDecay, clipNorm);
}

/**
 * Adam with decoupled decay, as PyTorch's `AdamW`: w ← w(1 − ηλ) − η m̂ / (√v̂ + ε) (Loshchilov & Hutter 2019, arXiv
 * 1711.05101, algorithm 2 with PyTorch's η for both of its rates). λ is 0.01 by default, as there.
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function adamw({ weightDecay = 0.01, clipNorm, ...moments }: AdamOptions = {}): Optimizer {
  const rule = chain(scaleByAdam(moments), scaleByRate(), addDecoupledDecay());
  return adaptive("adamw", rule, "decoupled", weightDecay, clipNorm);
}

function adaptive(
  where: string,
  rule: UpdateRule,
  decay: Optimizer["decay"],
  weightDecay: number,
  clipNorm: number | undefined,
): Optimizer {
  assertArgument(weightDecay >= 0 && Number.isFinite(weightDecay), where, "a weight decay ≥ 0", weightDecay);
  return { rule, momentum: 0, weightDecay, nesterov: false, decay, adaptive: true, ...clipChecked(where, clipNorm) };
}
