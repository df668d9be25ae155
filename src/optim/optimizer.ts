import { assertArgument } from "../core/index.js";
import { addCoupledDecay, addDecoupledDecay, addHeavyBall, addNesterov, scaleByRate } from "./rules.js";
import { chain, type UpdateRule } from "./update-rule.js";

/** How a weight decay enters: in the gradient (coupled, g + λw), or beside it, scaled by the rate (decoupled, w − ηλw). */
export type DecayForm = "coupled" | "decoupled";

/** An update rule and the numbers that groups use unless they have their own. */
export interface Optimizer {
  readonly rule: UpdateRule;
  /** μ, per step. */
  readonly momentum: number;
  /** λ. */
  readonly weightDecay: number;
  readonly nesterov: boolean;
  readonly decay: DecayForm;
}

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** μ in [0, 1); 0.9 by default. */
  readonly momentum?: number;
  /** λ ≥ 0; 0 by default. */
  readonly weightDecay?: number;
  /** Nesterov's form instead of heavy ball; false by default. */
  readonly nesterov?: boolean;
  /** `coupled` by default. */
  readonly decay?: DecayForm;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`: m ← μm + g + λw, w ← w − ηm (heavy ball), or
 * w ← w − η(g + λw + μm) (Nesterov). With decoupled decay λ leaves the sum, and w ← w − η(m + λw).
 *
 * @throws InvalidArgumentError for μ outside [0, 1) or a negative λ.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 0, nesterov = false, decay = "coupled" } = options;
  assertArgument(momentum >= 0 && momentum < 1, "sgd", "momentum in [0, 1)", momentum);
  assertArgument(weightDecay >= 0 && Number.isFinite(weightDecay), "sgd", "a weight decay ≥ 0", weightDecay);
  const inertia = nesterov ? addNesterov() : addHeavyBall();
  const rule =
    decay === "coupled"
      ? chain(addCoupledDecay(), inertia, scaleByRate())
      : chain(inertia, scaleByRate(), addDecoupledDecay());
  return { rule, momentum, weightDecay, nesterov, decay };
}
