import { effectiveRate } from "./effective-rate.js";
import { adamWEquilibrium } from "./equilibrium.js";
import type { OptimizerKind } from "./optimizer-kind.js";
import { assertBelowOne, assertNonNegative, assertPositive } from "./range.js";
import { type SteadyState, steadyState } from "./steady-state.js";

/** The numbers of an optimizer, as far as they decide what norms do. */
export interface OptimizerNumbers {
  readonly optimizer: OptimizerKind;
  /** η, per step. */
  readonly rate: number;
  /** λ, in the optimizer's convention: per step, multiplied by the learning rate. */
  readonly weightDecay: number;
  /** μ of SGD's momentum; 0.9 by default. `adamw` does not use it. */
  readonly momentum?: number;
  /** β₁ of `adamw`; 0.9 by default. */
  readonly beta1?: number;
}

/** What is known of the equilibrium of a scale-invariant weight without any gradient. */
export interface PredictedEquilibrium extends SteadyState {
  /** ‖w‖₂; only `adamw`, whose steps do not have the gradient's size, tells it. */
  readonly norm?: number;
}

/**
 * What can be said of an equilibrium before there is a gradient: the {@link steadyState} and, for AdamW, the norm.
 *
 * @param size C: how many numbers the weight has that is scaled as one (a channel's, if channels are invariant).
 * @returns Undefined without decay (ηλ = 0): there is no equilibrium then.
 * @throws InvalidArgumentError if a number is negative, or a momentum not in [0, 1).
 */
export function predictEquilibrium(numbers: OptimizerNumbers, size: number): PredictedEquilibrium | undefined {
  const { optimizer, rate, weightDecay, momentum = 0.9, beta1 = 0.9 } = checkedNumbers(numbers);
  assertPositive("predictEquilibrium", { size });
  if (rate * weightDecay === 0) return undefined;
  if (optimizer === "adamw") return adamWEquilibrium({ rate, weightDecay, beta1, size });
  return steadyState({ optimizer, rate, weightDecay, momentum });
}

/**
 * How fast a step turns a scale-invariant weight of this norm. SGD: the effective rate η/((1 − μ)‖w‖²), the radians that
 * one gradient of unit size at unit norm turns it by, in all later steps together. AdamW: η√C/‖w‖ · √((1 − β₁)/(1 + β₁)), the
 * radians per step while gradients are mostly noise; its steps do not have the gradient's size.
 *
 * @param size C, as for {@link predictEquilibrium}; only `adamw` uses it.
 */
export function turningRate(numbers: OptimizerNumbers, norm: number, size: number): number {
  const { optimizer, rate, momentum = 0.9, beta1 = 0.9 } = numbers;
  if (optimizer !== "adamw") return effectiveRate(rate, norm, momentum);
  return (rate * Math.sqrt((size * (1 - beta1)) / (1 + beta1))) / norm;
}

/**
 * ηλ/(1 − μ), with β₁ for μ in `adamw`: what decay takes of a weight while the optimizer remembers a gradient. The formulas
 * of the equilibrium hold well below 1.
 */
export function decayPressure({ optimizer, rate, weightDecay, momentum = 0.9, beta1 = 0.9 }: OptimizerNumbers): number {
  return (rate * weightDecay) / (1 - (optimizer === "adamw" ? beta1 : momentum));
}

/** The same numbers. Throws an InvalidArgumentError if one is out of range. */
export function checkedNumbers(numbers: OptimizerNumbers): OptimizerNumbers {
  const { rate, weightDecay, momentum = 0.9, beta1 = 0.9 } = numbers;
  assertNonNegative("optimizer", { rate, weightDecay });
  assertBelowOne("optimizer", { momentum, beta1 });
  return numbers;
}
