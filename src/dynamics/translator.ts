import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import { decayRemovalLimit, type OptimizerKind, optimizerTraits } from "./optimizer-kind.js";
import { assertBelowOne, assertNonNegative, assertPositive } from "./range.js";

/** What a learning-rate schedule is translated from and to. */
export interface TranslationOptions {
  /** λ, the weight decay of the original run: per step, multiplied by the learning rate (PyTorch's convention). */
  readonly weightDecay: number;
  /** λ', the weight decay of the translated run; 0 by default, which removes it. Larger than λ introduces decay. */
  readonly toWeightDecay?: number;
  /** μ, the momentum of both runs, in [0, 1); 0.9 by default. `adamw` does not use it. */
  readonly momentum?: number;
  /** The optimizer of both runs; `sgd` by default. */
  readonly optimizer?: OptimizerKind;
  /**
   * Rescale the weights before a step at which q has fallen below this, by the power of two that brings it back to
   * about 1; 0 (never) by default. Without decay q falls exponentially and would leave float32's range in the end.
   */
  readonly rescaleBelow?: number;
  /** Where an earlier translation stood, to go on from there. */
  readonly state?: TranslationState;
}

/**
 * How the translated run's weights v and momentum m' follow from the original's w and m: v = w/q, m' = p(m − r w), where
 * p = q, or q of the step before for `sgdw`. At the start q = 1 and r = 0: the two are the same. Plain numbers: JSON keeps
 * them exactly, and they are all that a resumed run needs.
 */
export interface TranslationState {
  /** Steps taken. */
  readonly step: number;
  /** log q; q = ‖w‖/‖v‖. A logarithm, because q may differ from 1 by less than float64 can tell, or leave its range. */
  readonly logScale: number;
  /** r = δ/q, the multiple of the weights that the momentum is shifted by. */
  readonly shift: number;
  /** log(q/p): how much q changed in the last step of `sgdw`; 0 for the other optimizers. */
  readonly lag: number;
}

/** One step of the translated run. */
export interface TranslatedStep {
  /** η', for scale-invariant weights; infinite where float64 cannot hold it. */
  readonly learningRate: number;
  /** log η'; −∞ where the original rate is 0. */
  readonly logLearningRate: number;
  /** μ'; it differs from μ only for `sgdw`. */
  readonly momentum: number;
  /** ‖v‖/‖w‖ = 1/q at the start of the step, after its rescaling. An ε inside a normalization follows as ε/q². */
  readonly normRatio: number;
  /** Before this step: v ← v/c and m' ← c m' (and Adam's second moment ← c² times itself). Absent: nothing to do. */
  readonly rescale?: number;
}

/** What a single step may have of its own. */
export interface StepChange {
  /** λ of this step; the translator's by default. */
  readonly weightDecay?: number;
  /** λ' of this step; the translator's by default. */
  readonly toWeightDecay?: number;
  /** c: rescale before this step, v ← v/c, whatever `rescaleBelow` says. */
  readonly rescale?: number;
}

/** Translates a schedule step by step. */
export interface ScheduleTranslator {
  /** Where it stands: what holds before the next step. */
  readonly state: TranslationState;
  /**
   * Takes the original learning rate of the next step.
   * @throws InvalidArgumentError if the rate or a decay is negative or not finite, or if no positive rate replaces it.
   */
  next(rate: number, change?: StepChange): TranslatedStep;
}

const start: TranslationState = { step: 0, logScale: 0, shift: 0, lag: 0 };

/**
 * Translates a learning-rate schedule, step by step, from one weight decay to another: on scale-invariant weights
 * (∇L(cw) = ∇L(w)/c) the translated run takes the same directions, so that it computes the same function throughout.
 *
 * For heavy ball with coupled decay, from q₀ = 1 and δ₀ = 0,
 *
 *     δₜ₊₁ = μδₜ + λqₜ − λ'/qₜ      qₜ₊₁ = qₜ − ηₜδₜ₊₁      η'ₜ = ηₜ/(qₜqₜ₊₁)
 *
 * and vₜ = wₜ/qₜ, m'ₜ = qₜmₜ − δₜwₜ at every step, whatever the schedule and the momentum at the start. Removing decay
 * makes rates that grow exponentially (Li & Arora 2019, arXiv 1910.07454). Any (q, δ) is a valid place to start, which is
 * why rescaling the weights by c, (q, δ) ← (cq, cδ), changes nothing either.
 *
 * What it holds for: every weight that the rates are applied to must be scale-invariant; all others keep η, λ and μ. A
 * fixed ε inside the normalization and clipping by a global gradient norm break exactness. See {@link OptimizerKind} for the
 * optimizers and {@link decayRemovalLimit} for the decay that can be removed.
 *
 * @throws InvalidArgumentError if an option is out of range.
 */
export function scheduleTranslator(options: TranslationOptions): ScheduleTranslator {
  const { momentum = 0.9, optimizer = "sgd", rescaleBelow = 0 } = options;
  const where = "scheduleTranslator";
  assertNonNegative(where, { weightDecay: options.weightDecay, toWeightDecay: options.toWeightDecay ?? 0 });
  assertBelowOne(where, { momentum, rescaleBelow });
  assertArgument(
    Object.hasOwn(optimizerTraits, optimizer),
    where,
    `an optimizer among ${Object.keys(optimizerTraits).join(", ")}`,
    optimizer,
  );
  const { coupled, degree } = optimizerTraits[optimizer];
  let state = options.state ?? start;

  // The recursion in the ratios r = δ/q and qₜ₊₁/qₜ = 1 − ηp with p = δₜ₊₁/qₜ, which neither under- nor overflow.
  function next(rate: number, change: StepChange = {}): TranslatedStep {
    const { step, shift, lag } = state;
    const { weightDecay = options.weightDecay, toWeightDecay = options.toWeightDecay ?? 0 } = change;
    assertArgument(rate >= 0 && rate < Infinity, where, `a rate ≥ 0 at step ${step}`, rate);
    assertNonNegative(`${where}, step ${step}`, { weightDecay, toWeightDecay });

    const doublings = state.logScale < Math.log(rescaleBelow) ? Math.round(-state.logScale / Math.LN2) : 0;
    const rescale = change.rescale ?? 2 ** doublings;
    assertPositive(`${where}, step ${step}`, { rescale });
    const logScale = state.logScale + Math.log(rescale);

    const inherited = coupled ? momentum * shift : 0;
    const replaced = toWeightDecay === 0 ? 0 : toWeightDecay * Math.exp((degree - 1) * logScale); // not 0·∞
    const pull = inherited + weightDecay - replaced;
    const ratio = 1 - rate * pull;
    if (!(ratio > 0)) throw noSuchSchedule(rate, step, { ...options, weightDecay, toWeightDecay });
    const logRatio = Math.log1p(-rate * pull);

    state = {
      step: step + 1,
      logScale: logScale + logRatio,
      shift: coupled ? pull / ratio : 0,
      lag: optimizer === "sgdw" ? logRatio : 0,
    };
    const logFactor = (degree - 1) * logScale - logRatio; // of q^degree / qₜ₊₁
    return {
      learningRate: rate === 0 ? 0 : rate * Math.exp(logFactor),
      logLearningRate: Math.log(rate) + logFactor,
      momentum: momentum * Math.exp(lag),
      normRatio: Math.exp(-logScale),
      ...(rescale === 1 ? {} : { rescale }),
    };
  }

  return {
    get state() {
      return state;
    },
    next,
  };
}

function noSuchSchedule(rate: number, step: number, options: TranslationOptions): InvalidArgumentError {
  const { weightDecay, toWeightDecay = 0, momentum = 0.9, optimizer = "sgd" } = options;
  const limit = decayRemovalLimit(momentum, optimizer).toPrecision(3);
  const bound = optimizerTraits[optimizer].coupled ? `at most (1 − √momentum)² = ${limit}` : `below ${limit}`;
  const fix =
    toWeightDecay === 0
      ? `${bound} at every step is always possible`
      : "lower the learning rate or bring the two decays closer";
  return new InvalidArgumentError(
    expectation(
      `schedule translation, step ${step + 1}`,
      "a learning rate × weight decay that positive rates can replace",
      `${rate} × ${weightDecay} = ${(rate * weightDecay).toPrecision(4)}, with which the norm ratio crosses zero here`,
      fix,
    ),
  );
}
