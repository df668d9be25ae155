import { assertArgument } from "../core/index.js";
import { optimizerTraits } from "./optimizer-kind.js";
import { scheduleTranslator, type TranslationOptions, type TranslationState } from "./translator.js";

/** One number for all steps, or a list with one for each. */
export type PerStep = number | ArrayLike<number>;

/** A schedule to translate, and between which weight decays. */
export interface ScheduleTranslationOptions extends Omit<TranslationOptions, "weightDecay" | "toWeightDecay"> {
  /** η, the original learning rate of every step; each ≥ 0. */
  readonly rates: ArrayLike<number>;
  /** λ, the weight decay of the original run (PyTorch's convention), of all steps or of each. */
  readonly weightDecay: PerStep;
  /** λ', the weight decay of the translated run, of all steps or of each; 0 by default, which removes it. */
  readonly toWeightDecay?: PerStep;
  /** c by step (from 0): rescale v ← v/c before it, besides what `rescaleBelow` does. */
  readonly rescale?: ReadonlyMap<number, number>;
}

/** Before `step` (counted from 0): v ← v/factor, m' ← factor·m'; the rates from there on account for it. */
export interface RescaleEvent {
  readonly step: number;
  readonly factor: number;
}

/**
 * A translated schedule. Entry t of the arrays of length `steps` belongs to step t, counted from 0; entry t of those of
 * length `steps + 1` holds before step t, after its rescaling, and the last one at the end.
 */
export interface TranslatedSchedule {
  /** η' (length steps), for scale-invariant weights; infinite where float64 cannot hold it. */
  readonly learningRate: Float64Array;
  /** log η' (length steps); −∞ where η is 0. */
  readonly logLearningRate: Float64Array;
  /** μ' (length steps); constant except for `sgdw`. */
  readonly momentum: Float64Array;
  /** ‖v‖/‖w‖ = 1/q (length steps + 1): translated over original norm of each scale-invariant weight, any p-norm. */
  readonly normRatio: Float64Array;
  /** log ‖v‖/‖w‖ (length steps + 1). */
  readonly logNormRatio: Float64Array;
  /** r = δ/q (length steps + 1): the translated momentum is q(m − r w); see {@link TranslationState}. */
  readonly momentumShift: Float64Array;
  /** In the order of their steps; empty unless `rescaleBelow` is given. */
  readonly rescaleEvents: readonly RescaleEvent[];
  /** Where the translation stands at the end. */
  readonly state: TranslationState;
  /** Whether the translated run computes the same function as the original, up to rounding. */
  readonly exact: boolean;
  /** Why it is exact, or why it is not. */
  readonly because: string;
}

/**
 * Translates a whole learning-rate schedule from one weight decay to another, by {@link scheduleTranslator}'s recursion.
 *
 * @example
 * const rates = new Float64Array(1000).fill(0.1);
 * const { learningRate } = translateSchedule({ rates, momentum: 0.9, weightDecay: 5e-4 });
 * // Training without decay at learningRate[t] is training at 0.1 with decay 5e-4.
 *
 * @throws InvalidArgumentError if an option or a rate is out of range, or if no positive rates replace the decay; it names
 * the step (of {@link TranslatedSchedule.normRatio}) and the limit.
 */
export function translateSchedule(options: ScheduleTranslationOptions): TranslatedSchedule {
  const { rates, rescale } = options;
  const steps = rates.length;
  assertArgument(steps > 0, "translateSchedule", "the learning rates of at least one step", steps);
  const weightDecay = perStep("translateSchedule", "weightDecay", options.weightDecay, steps);
  const toWeightDecay = perStep("translateSchedule", "toWeightDecay", options.toWeightDecay ?? 0, steps);
  const translator = scheduleTranslator({
    ...options,
    weightDecay: weightDecay(0),
    toWeightDecay: toWeightDecay(0),
  });
  const { exact, because } = optimizerTraits[options.optimizer ?? "sgd"];

  const learningRate = new Float64Array(steps);
  const logLearningRate = new Float64Array(steps);
  const momentum = new Float64Array(steps);
  const logNormRatio = new Float64Array(steps + 1);
  const momentumShift = new Float64Array(steps + 1);
  const rescaleEvents: RescaleEvent[] = [];

  for (let step = 0; step < steps; step++) {
    const { shift, logScale } = translator.state;
    const factor = rescale?.get(step);
    const translated = translator.next(rates[step]!, {
      weightDecay: weightDecay(step),
      toWeightDecay: toWeightDecay(step),
      ...(factor === undefined ? {} : { rescale: factor }),
    });
    learningRate[step] = translated.learningRate;
    logLearningRate[step] = translated.logLearningRate;
    momentum[step] = translated.momentum;
    logNormRatio[step] = 0 - logScale - Math.log(translated.rescale ?? 1);
    momentumShift[step] = shift;
    if (translated.rescale !== undefined) rescaleEvents.push({ step, factor: translated.rescale });
  }
  const { state } = translator;
  logNormRatio[steps] = 0 - state.logScale;
  momentumShift[steps] = state.shift;
  const normRatio = logNormRatio.map(Math.exp);

  return {
    learningRate,
    logLearningRate,
    momentum,
    normRatio,
    logNormRatio,
    momentumShift,
    rescaleEvents,
    state,
    exact,
    because,
  };
}

/** A value of all steps, or a list of one for each, as a function of the step. Throws if the list is too short. */
export function perStep(where: string, name: string, value: PerStep, steps: number): (step: number) => number {
  if (typeof value === "number") return () => value;
  assertArgument(value.length === steps, where, `a ${name} for each of ${steps} steps`, value.length);
  return (step) => value[step]!;
}
