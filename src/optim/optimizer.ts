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
  /** Whether the size of an update does not depend on the gradient's, as in Adam; momentum and Nesterov's form are none then. */
  readonly adaptive: boolean;
  /** Limit of the 2-norm of all gradients together, per step; larger ones are scaled down to it. Absent: none. */
  readonly clipNorm?: number;
  /** Limit of the ratio ‖g‖/‖w‖ of each output unit, but for those of the last layer. Absent: none. */
  readonly adaptiveClip?: number;
  /** How it treats scale-invariant weights in another way than the rest. Absent: alike. */
  readonly normAware?: "projection" | "corrected decay" | "rotation";
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
  /** Limit of the gradient's norm; see {@link Optimizer.clipNorm}. None by default. */
  readonly clipNorm?: number;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`: m ← μm + g + λw, w ← w − ηm (heavy ball), or
 * w ← w − η(g + λw + μm) (Nesterov). With decoupled decay λ leaves the sum, and w ← w − η(m + λw).
 *
 * @throws InvalidArgumentError for μ outside [0, 1), a negative λ, or a limit of the norm that is not positive.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 0, nesterov = false, decay = "coupled", clipNorm } = options;
  assertArgument(momentum >= 0 && momentum < 1, "sgd", "momentum in [0, 1)", momentum);
  assertArgument(weightDecay >= 0 && Number.isFinite(weightDecay), "sgd", "a weight decay ≥ 0", weightDecay);
  const inertia = nesterov ? addNesterov() : addHeavyBall();
  const rule =
    decay === "coupled"
      ? chain(addCoupledDecay(), inertia, scaleByRate())
      : chain(inertia, scaleByRate(), addDecoupledDecay());
  return { rule, momentum, weightDecay, nesterov, decay, adaptive: false, ...clipChecked("sgd", clipNorm) };
}

/** The limit of the gradient's norm as a field, if there is one. Throws an InvalidArgumentError unless it is positive. */
export function clipChecked(where: string, clipNorm: number | undefined): Pick<Optimizer, "clipNorm"> {
  if (clipNorm === undefined) return {};
  assertArgument(clipNorm > 0 && Number.isFinite(clipNorm), where, "a clipNorm > 0", clipNorm);
  return { clipNorm };
}
