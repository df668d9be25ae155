import type { OptimizerKind } from "./optimizer-kind.js";
import { assertBelowOne, assertNonNegative } from "./range.js";

/** The numbers of a step that decide how scale-invariant weights turn. */
export interface StepNumbers {
  /** `sgd` by default. */
  readonly optimizer?: OptimizerKind;
  /** η, per step. */
  readonly rate: number;
  /** λ, per step, multiplied by the rate; decoupled for `sgdw` and `adamw`. */
  readonly weightDecay: number;
  /** μ, or β₁ of `adamw`; 0.9 by default. */
  readonly momentum?: number;
}

/** What equilibrium does to any scale-invariant weight, whatever its gradients are. */
export interface SteadyState {
  /** Root mean square of the angle of one step, in radians. */
  readonly rotation: number;
  /** n: it is ‖w‖ⁿ that approaches its limit exponentially; 4 for gradients, 2 for AdamW's scale-free update. */
  readonly power: 2 | 4;
  /** The rate of that approach, per step; its inverse is the number of steps for the distance to fall by e. */
  readonly relaxation: number;
}

/**
 * What {@link sgdEquilibrium} and {@link adamWEquilibrium} say that depends on no gradient, for every optimizer:
 *
 * | optimizer | squared rotation per step | relaxation per step |
 * |---|---|---|
 * | sgd | 2ηλ/(1 + μ) | 4ηλ/(1 − μ) |
 * | nesterov | 2ηλ(1 + 2μ − 2μ³)/(1 + μ) | 4ηλ/(1 − μ) |
 * | sgdw | 2ηλ(1 − μ)/(1 + μ) | 4ηλ |
 * | adamw | 2ηλ(1 − β₁)/(1 + β₁) | 2ηλ |
 *
 * Whatever the optimizer, decay shortens a weight at the rate D per step (ηλ/(1 − μ) where it goes through the momentum, ηλ
 * where it does not), so that gradients must lengthen it as fast: over many steps the squared angle grows by 2D a step.
 * Momentum makes steps alike, and a single step is smaller than that: its share is Σcᵢ²/(Σcᵢ)², cᵢ being the weight of
 * the gradient of i steps ago in a step (μⁱ; with Nesterov 1 + μ, μ², μ³, …).
 *
 * For ηλ ≪ 1 − μ and gradients that are nearly independent from step to step.
 * (Wan et al. 2020, arXiv 2006.08419; Kosson et al. 2023, arXiv 2305.17212; Nesterov's row derived here.)
 *
 * @throws InvalidArgumentError if a number is negative or the momentum is outside [0, 1).
 */
export function steadyState({ optimizer = "sgd", rate, weightDecay, momentum = 0.9 }: StepNumbers): SteadyState {
  assertNonNegative("steadyState", { rate, weightDecay });
  assertBelowOne("steadyState", { momentum });
  const coupled = optimizer === "sgd" || optimizer === "nesterov";
  const shortening = (rate * weightDecay) / (coupled ? 1 - momentum : 1);
  const power = optimizer === "adamw" ? 2 : 4;
  return {
    rotation: Math.sqrt((2 * shortening) / walkGrowth(optimizer, momentum)),
    power,
    relaxation: power * shortening,
  };
}

/**
 * The norm that a weight is on its way to, ‖w‖ (θ/θ∞)^(2/n): its rotation says how large its gradients are. The
 * squared rotation of a step is proportional to ‖w‖⁻⁴ (‖w‖⁻² for AdamW) and, at the limit, is that of the steady state.
 *
 * @param norm ‖w‖₂ now.
 * @param rotation θ, the angle of one step now, in radians.
 */
export function normLimit(norm: number, rotation: number, { rotation: limit, power }: SteadyState): number {
  return norm * (rotation / limit) ** (2 / power);
}

/** How many times a step's squared angle the squared angle of many steps grows per step: (Σcᵢ)²/Σcᵢ². */
function walkGrowth(optimizer: OptimizerKind, momentum: number): number {
  return 1 + (2 * stepCorrelation(optimizer, momentum)) / (1 - momentum);
}

/** Correlation of a step with the next one, of steps made of independent gradients; it falls by μ with each further step. */
export function stepCorrelation(optimizer: OptimizerKind, momentum: number): number {
  if (optimizer !== "nesterov") return momentum;
  return (momentum * momentum * (1 + momentum - momentum ** 2)) / (1 + 2 * momentum - 2 * momentum ** 3);
}
