import { assertPositive } from "./range.js";
import { type StepNumbers, steadyState } from "./steady-state.js";

/** A run and the batch size it is to have instead. */
export interface BatchRuleOptions extends StepNumbers {
  /** B, examples in a step. */
  readonly batch: number;
  /** B'. */
  readonly toBatch: number;
}

/** A run's numbers, and what follows for scale-invariant weights at equilibrium. */
export interface BatchSetting {
  readonly batch: number;
  readonly rate: number;
  readonly weightDecay: number;
  /** Mean angle of a step, in radians. */
  readonly rotation: number;
  /** Sum of the squared angles over as many steps as see one example: rotation²/B, radians² per example. */
  readonly rotationPerExample: number;
  /** Examples in which the distance to equilibrium falls by e. */
  readonly timeScale: number;
}

/**
 * The rule for a changed batch size: ηλ ∝ B at the same momentum. It keeps, per example and so per epoch, the squared rotation
 * (2ηλ/(1 + μ) per step for heavy ball) and the time scale of the norm, both of which are functions of ηλ, and while the
 * gradient is mostly noise (E‖g̃‖² ∝ 1/B) also the drift along the mean gradient, since the effective rate η/‖w‖² is then ∝ B.
 *
 * How ηλ is split does not matter to scale-invariant weights. For the others it does: η' = ηB'/B at the same λ with gradients
 * (Goyal et al. 2017, arXiv 1706.02677), η' = η√(B'/B) and λ' = λ√(B'/B) for `adamw` (Malladi et al. 2022, arXiv 2205.10287); and
 * so it is split here. A rule, not an equality: the steps see other gradients; it fails for batches so large that
 * noise no longer rules or ηλ is no longer ≪ 1 − μ, and the memory of the momentum, in examples, changes with B.
 *
 * @throws InvalidArgumentError if a number is not positive or the momentum is outside [0, 1).
 */
export function batchRule(options: BatchRuleOptions): { from: BatchSetting; to: BatchSetting } {
  const { rate, weightDecay, batch, toBatch, momentum = 0.9, optimizer = "sgd" } = options;
  assertPositive("batchRule", { batch, toBatch });
  const ratio = toBatch / batch;
  const [rateFactor, decayFactor] = optimizer === "adamw" ? [Math.sqrt(ratio), Math.sqrt(ratio)] : [ratio, 1];
  const setting = (size: number, eta: number, lambda: number): BatchSetting => {
    const { rotation, relaxation } = steadyState({ rate: eta, weightDecay: lambda, momentum, optimizer });
    const perExample = { rotationPerExample: rotation ** 2 / size, timeScale: size / relaxation };
    return { batch: size, rate: eta, weightDecay: lambda, rotation, ...perExample };
  };
  return {
    from: setting(batch, rate, weightDecay),
    to: setting(toBatch, rate * rateFactor, weightDecay * decayFactor),
  };
}
