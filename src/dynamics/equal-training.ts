import { optimizerTraits } from "./optimizer-kind.js";
import { assertPositive } from "./range.js";
import { type StepNumbers, steadyState } from "./steady-state.js";

/** A rate and a decay, and what they do to scale-invariant weights. Norms and times are those of {@link steadyState}. */
export interface EqualTraining {
  /** η', per step. */
  readonly rate: number;
  /** λ'. */
  readonly weightDecay: number;
  /** ηλ, the same in all. */
  readonly product: number;
  /** a: weights a times as long as the first member's, at the start and ever after, train alike. */
  readonly norm: number;
  /** Mean angle of a step at equilibrium, in radians. */
  readonly rotation: number;
  /** Steps in which the distance to equilibrium falls by e: (1 − μ)/(4ηλ) for SGD, of ‖w‖⁴; 1/(2ηλ) for AdamW, of ‖w‖². */
  readonly timeScale: number;
}

/** A run, and the decays that others are to have. */
export interface EqualTrainingOptions extends StepNumbers {
  /** λ' of each member. */
  readonly weightDecays: ArrayLike<number>;
}

/**
 * The trainings that are equal on scale-invariant weights: η'λ' = ηλ, from weights (and Adam's or heavy ball's moments) of
 * another scale, w₀ → a w₀ and moments → moments/a, with
 *
 *     a = √(η'/η) for gradients, η'/η for `adamw` (ε aside)
 *
 * Then w'ₜ = a wₜ at every step, exactly, for every {@link OptimizerKind} and any schedule that multiplies all rates: the update
 * of a weight a times as long is 1/a times as large (AdamW: the same), and η'/η = a² (a) makes it a times as large again. From
 * unscaled weights the two differ until the norm has come to its equilibrium, for a few time scales.
 *
 * @throws InvalidArgumentError if a number is out of range.
 */
export function equalTrainings(options: EqualTrainingOptions): EqualTraining[] {
  const { rate, weightDecay, momentum = 0.9, optimizer = "sgd" } = options;
  assertPositive("equalTrainings", { rate, weightDecay });
  const power = 1 / (1 - optimizerTraits[optimizer].degree);
  return Array.from(options.weightDecays, (decay) => {
    assertPositive("equalTrainings", { weightDecay: decay });
    const ratio = weightDecay / decay;
    const member = { rate: rate * ratio, weightDecay: decay };
    const { rotation, relaxation } = steadyState({ ...member, momentum, optimizer });
    return { ...member, product: rate * weightDecay, norm: ratio ** power, rotation, timeScale: 1 / relaxation };
  });
}
