import { assertArgument } from "../core/index.js";
import { div } from "../graph/index.js";
import { type AdamOptions, scaleByAdam } from "./adam.js";
import { clipChecked, type Optimizer } from "./optimizer.js";
import {
  addCoupledDecay,
  addDecoupledDecay,
  addHeavyBall,
  addNesterov,
  type DecayScale,
  scaleByRate,
} from "./rules.js";
import { chain } from "./update-rule.js";

/** What SGDC and AdamC share. */
export interface CorrectedDecayOptions {
  /** ηₘ > 0, the largest rate of the schedule: where η = ηₘ, the decay of all weights is λ. */
  readonly peakRate: number;
}

/**
 * s = ηₜ/ηₘ for scale-invariant weights, ηₜ being the rate that the schedule has, and 1 for others.
 *
 * The norm at which a scale-invariant weight settles depends on η/λ alone: (ηE‖g̃‖²/(2λ(1 − μ)))^¼ in SGD, √(ηC/(2λ)) in
 * AdamW. When η falls and λ does not, the norm follows and the gradient grows as its inverse. λₜ = ληₜ/ηₘ keeps it where it
 * is; a step then takes ηₜλₜ = ληₜ²/ηₘ of the weight (Defazio 2025, arXiv 2506.02285, section 5).
 */
export function correctedDecay(peakRate: number): DecayScale {
  assertArgument(peakRate > 0 && Number.isFinite(peakRate), "corrected decay", "a peakRate > 0", peakRate);
  return ({ normAxes, scheduledRate }) => (normAxes === undefined ? 1 : div(scheduledRate, peakRate));
}

/** Options of {@link sgdc}. */
export interface SgdcOptions extends CorrectedDecayOptions {
  /** μ in [0, 1); 0.9 by default. */
  readonly momentum?: number;
  /** λ ≥ 0 at the peak of the rate, coupled; 0 by default. */
  readonly weightDecay?: number;
  readonly nesterov?: boolean;
  /** Limit of the gradient's norm; see {@link Optimizer.clipNorm}. None by default. */
  readonly clipNorm?: number;
}

/**
 * SGD with momentum and coupled decay, that of scale-invariant weights falling with the rate: m ← μm + g + λ(ηₜ/ηₘ)w,
 * w ← w − ηₜm (Defazio 2025, arXiv 2506.02285, SGDC).
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function sgdc(options: SgdcOptions): Optimizer {
  const { peakRate, momentum = 0.9, weightDecay = 0, nesterov = false, clipNorm } = options;
  assertArgument(momentum >= 0 && momentum < 1, "sgdc", "momentum in [0, 1)", momentum);
  assertArgument(weightDecay >= 0 && Number.isFinite(weightDecay), "sgdc", "a weight decay ≥ 0", weightDecay);
  const inertia = nesterov ? addNesterov() : addHeavyBall();
  const rule = chain(addCoupledDecay(correctedDecay(peakRate)), inertia, scaleByRate());
  const numbers = { momentum, weightDecay, nesterov, decay: "coupled", adaptive: false } as const;
  return { rule, ...numbers, normAware: "corrected decay", ...clipChecked("sgdc", clipNorm) };
}

/** Options of {@link adamc}. */
export interface AdamcOptions extends AdamOptions, CorrectedDecayOptions {}

/**
 * AdamW, the decay of scale-invariant weights falling with the rate: w ← w(1 − ληₜ²/ηₘ) − ηₜ m̂ / (√v̂ + ε) (Defazio 2025,
 * arXiv 2506.02285, algorithm 1). λ is 0.01 by default, as in {@link adamw}.
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function adamc({ peakRate, weightDecay = 0.01, clipNorm, ...moments }: AdamcOptions): Optimizer {
  assertArgument(weightDecay >= 0 && Number.isFinite(weightDecay), "adamc", "a weight decay ≥ 0", weightDecay);
  const rule = chain(scaleByAdam(moments), scaleByRate(), addDecoupledDecay(correctedDecay(peakRate)));
  const numbers = { momentum: 0, weightDecay, nesterov: false, decay: "decoupled", adaptive: true } as const;
  return { rule, ...numbers, normAware: "corrected decay", ...clipChecked("adamc", clipNorm) };
}
