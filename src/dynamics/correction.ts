import { assertArgument } from "../core/index.js";
import { assertNonNegative, assertPositive } from "./range.js";

/**
 * The paper's learning-rate correction: the rate at which weights of norm ‖w‖, trained without decay, turn as fast as the
 * weights of a recorded run with decay: η̂ = η ‖w‖² / ‖w_WD‖².
 * (Hoffer et al. 2018, arXiv 1803.01814, section 3.) It follows the recorded run closely, not exactly; a channel that dies
 * under decay makes ‖w_WD‖ go to zero and the ratio grow without bound, so cap it.
 *
 * @param rate η of this step in the recorded run.
 * @param norm ‖w‖₂ of the channel now.
 * @param referenceNorm ‖w_WD‖₂ of the same channel at the start of the same step in the recorded run.
 * @throws InvalidArgumentError if the reference norm is not positive or an argument is negative or not finite.
 */
export function paperCorrectedRate(rate: number, norm: number, referenceNorm: number): number {
  assertNonNegative("paperCorrectedRate", { rate, norm });
  assertPositive("paperCorrectedRate", { referenceNorm });
  return rate * (norm / referenceNorm) ** 2;
}

/**
 * The correction that is exact for SGD without momentum: {@link paperCorrectedRate} divided by 1 − ηλ.
 *
 * @param weightDecay λ of the recorded run.
 * @throws InvalidArgumentError as {@link paperCorrectedRate}, or if ηλ ≥ 1, where the recorded weights vanish in one step.
 */
export function plainSgdCorrectedRate(rate: number, norm: number, referenceNorm: number, weightDecay: number): number {
  assertNonNegative("plainSgdCorrectedRate", { weightDecay });
  assertArgument(rate * weightDecay < 1, "plainSgdCorrectedRate", "rate × weightDecay < 1", rate * weightDecay);
  return paperCorrectedRate(rate, norm, referenceNorm) / (1 - rate * weightDecay);
}

/** Arguments of {@link normScheduleFactor}. */
export interface NormScheduleOptions {
  /** ‖w‖₂ of the channel now. */
  readonly norm: number;
  /** ‖w_WD,t‖₂ of the same channel at the start of the same step in the recorded run. */
  readonly referenceNorm: number;
  /** ηₜ of this step in the recorded run; positive, since no finite norm makes a step of zero. */
  readonly rate: number;
  /** η₀, the rate that the run with scheduled norms keeps. */
  readonly constantRate: number;
}

/**
 * Norm scheduling in place of a learning-rate schedule: the c for which c‖w‖ = ‖w_WD,t‖ √(η₀/ηₜ), so that η₀/‖w‖² follows
 * the recorded run's ηₜ/‖w_WD,t‖². Before step t, w ← c·w and m ← m/c: the momentum sums gradients, which scale as 1/c.
 * (Hoffer et al. 2018, arXiv 1803.01814, section 3; the authors left the momentum as it was.)
 *
 * @throws InvalidArgumentError if an argument is not positive and finite.
 */
export function normScheduleFactor({ norm, referenceNorm, rate, constantRate }: NormScheduleOptions): number {
  assertPositive("normScheduleFactor", { norm, referenceNorm, rate, constantRate });
  return (referenceNorm / norm) * Math.sqrt(constantRate / rate);
}
