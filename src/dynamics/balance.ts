import { adamWEquilibrium, type Equilibrium, sgdEquilibrium } from "./equilibrium.js";
import type { OptimizerKind } from "./optimizer-kind.js";
import { assertBelowOne, assertPositive } from "./range.js";

/** What the equilibrium's rotation and relaxation depend on, without any gradient. */
export interface BalanceOptions {
  /** η, per step. */
  readonly rate: number;
  /** λ. */
  readonly weightDecay: number;
  /** μ, or β₁ of `adamw`; 0.9 by default. */
  readonly momentum?: number;
  /** `sgd` by default. */
  readonly optimizer?: OptimizerKind;
}

/**
 * How fast a scale-invariant weight turns where growth and decay of its norm balance, and how soon it gets there, for every
 * {@link OptimizerKind}; ηλ ≪ 1 − μ, gradients nearly independent. Beside `sgdEquilibrium` and `adamWEquilibrium`:
 * - `nesterov`: the norm of heavy ball; a step moves by g + μm, so that rotation² = 2ηλ(1 − μ)((1 + μ)² + μ⁴/(1 − μ²));
 * - `sgdw`: the decay does not pass through the momentum: heavy ball at λ(1 − μ).
 *
 * @throws InvalidArgumentError if an argument is not positive or the momentum is outside [0, 1).
 */
export function balanceOf(options: BalanceOptions): Pick<Equilibrium, "rotation" | "power" | "relaxation"> {
  const { rate, weightDecay, momentum = 0.9, optimizer = "sgd" } = options;
  assertPositive("balanceOf", { rate, weightDecay });
  assertBelowOne("balanceOf", { momentum });
  const any = 1; // the gradient, or the weight's size: only the norm depends on it
  if (optimizer === "adamw") return adamWEquilibrium({ rate, weightDecay, beta1: momentum, size: any });
  const pull = optimizer === "sgdw" ? weightDecay * (1 - momentum) : weightDecay;
  const heavyBall = sgdEquilibrium({ rate, weightDecay: pull, momentum, squaredGradient: any });
  if (optimizer !== "nesterov") return heavyBall;
  const moved = (1 + momentum) ** 2 + momentum ** 4 / (1 - momentum ** 2);
  return { ...heavyBall, rotation: Math.sqrt(2 * rate * weightDecay * (1 - momentum) * moved) };
}
