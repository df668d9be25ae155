import { assertBelowOne, assertPositive } from "./range.js";
import { type SteadyState, steadyState } from "./steady-state.js";

/**
 * Where the norm of a scale-invariant weight settles when the steps are mostly noise: each step lengthens the weight by
 * Pythagoras, decay shortens it, and the two balance.
 */
export interface Equilibrium extends SteadyState {
  /** ‖w‖₂ at which growth and decay balance (the root of the mean of the power that approaches its limit). */
  readonly norm: number;
}

/** What the equilibrium of SGD with momentum depends on. */
export interface SgdEquilibriumOptions {
  /** η, per step. */
  readonly rate: number;
  /** λ, coupled. */
  readonly weightDecay: number;
  /** μ, heavy ball; 0 by default. */
  readonly momentum?: number;
  /** E‖g̃‖²: mean squared L2 norm of the gradient with respect to the weight at unit norm, ‖g̃‖ = ‖w‖‖g‖. */
  readonly squaredGradient: number;
}

/**
 * The equilibrium of SGD with heavy-ball momentum and coupled decay: ‖w‖⁴ = η E‖g̃‖² / (2λ(1 − μ)), rotation
 * √(2ηλ/(1 + μ)) per step, ‖w‖⁴ relaxing at 4ηλ/(1 − μ) per step. For ηλ ≪ 1 − μ and gradients that are nearly independent.
 * (Wan et al. 2020, arXiv 2006.08419; Kosson et al. 2023, arXiv 2305.17212.)
 *
 * @throws InvalidArgumentError if an argument is not positive or the momentum is outside [0, 1).
 */
export function sgdEquilibrium(options: SgdEquilibriumOptions): Equilibrium {
  const { rate, weightDecay, momentum = 0, squaredGradient } = options;
  assertPositive("sgdEquilibrium", { rate, weightDecay, squaredGradient });
  assertBelowOne("sgdEquilibrium", { momentum });
  return {
    norm: ((rate * squaredGradient) / (2 * weightDecay * (1 - momentum))) ** (1 / 4),
    ...steadyState({ optimizer: "sgd", rate, weightDecay, momentum }),
  };
}

/** What the equilibrium of AdamW depends on. */
export interface AdamWEquilibriumOptions {
  /** η, per step. */
  readonly rate: number;
  /** λ, decoupled and multiplied by the learning rate (PyTorch's convention). */
  readonly weightDecay: number;
  /** β₁; 0.9 by default. */
  readonly beta1?: number;
  /** C: how many numbers the weight vector has. */
  readonly size: number;
}

/**
 * The equilibrium of AdamW: ‖w‖² = ηC/(2λ), rotation √(2ηλ(1 − β₁)/(1 + β₁)) per step, ‖w‖² relaxing at 2ηλ per step. For
 * ηλ ≪ 1 − β₁, nearly independent gradients, and β₂ close enough to 1 that the second moment is steady.
 * (Kosson et al. 2023, arXiv 2305.17212.)
 *
 * @throws InvalidArgumentError if an argument is not positive or β₁ is outside [0, 1).
 */
export function adamWEquilibrium(options: AdamWEquilibriumOptions): Equilibrium {
  const { rate, weightDecay, beta1 = 0.9, size } = options;
  assertPositive("adamWEquilibrium", { rate, weightDecay, size });
  assertBelowOne("adamWEquilibrium", { beta1 });
  return {
    norm: Math.sqrt((rate * size) / (2 * weightDecay)),
    ...steadyState({ optimizer: "adamw", rate, weightDecay, momentum: beta1 }),
  };
}

/** The norm to expect after a number of steps at constant rate, starting from `norm`. */
export function normAfter({ norm: limit, power, relaxation }: Equilibrium, norm: number, steps: number): number {
  const remaining = Math.exp(-relaxation * steps);
  return (limit ** power * (1 - remaining) + norm ** power * remaining) ** (1 / power);
}
