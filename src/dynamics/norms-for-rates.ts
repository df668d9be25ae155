import { assertArgument } from "../core/index.js";
import type { RateReplacementOptions } from "./decays-for-rates.js";
import { perStep, type TranslatedSchedule, translateSchedule } from "./equivalence.js";
import { optimizerTraits } from "./optimizer-kind.js";
import { scheduleTranslator } from "./translator.js";

/**
 * The norm schedule, exactly: rescalings of the weights, one before each step, with which a run at the wanted rates η'ₜ and
 * without decay computes the same function as the original. In the recursion of `scheduleTranslator` with λ' = 0 the factor
 * cₜ is what makes ηₜ/(cₜqₜ · cₜqₜ₊₁) the wanted rate,
 *
 *     cₜ = √(ηₜ/(η'ₜ qₜ qₜ₊₁))      before step t: v ← v/cₜ, m' ← cₜ m'
 *
 * so that any course of rates can be replaced, a falling one too; steps at rate 0 keep the norm and the rate 0. It is the
 * paper's norm scheduling (Hoffer et al. 2018, arXiv 1803.01814, section 3) without a recorded run and with momentum.
 *
 * @throws InvalidArgumentError if an option is out of range, or as `scheduleTranslator` where the decay cannot be removed.
 */
export function normsForRates(options: RateReplacementOptions): TranslatedSchedule {
  const { rates, momentum = 0.9, optimizer = "sgd" } = options;
  const { coupled, degree } = optimizerTraits[optimizer];
  const where = "normsForRates";
  const decayAt = perStep(where, "weightDecay", options.weightDecay, rates.length);
  const wantedAt = perStep(where, "toRates", options.toRates, rates.length);
  const translator = scheduleTranslator({ ...options, weightDecay: decayAt(0) });
  const rescale = new Map<number, number>();
  const learningRate = Float64Array.from(rates, (rate, step) => {
    const weightDecay = decayAt(step);
    const { shift, logScale } = translator.state;
    const wanted = rate === 0 ? 0 : wantedAt(step);
    if (rate > 0) {
      assertArgument(wanted > 0 && wanted < Infinity, `${where}, step ${step + 1}`, "a wanted rate > 0", wanted);
      const logRatio = Math.log1p(-rate * ((coupled ? momentum * shift : 0) + weightDecay));
      const logWanted = (Math.log(rate / wanted) - logRatio) / (1 - degree);
      if (Number.isFinite(logWanted)) rescale.set(step, Math.exp(logWanted - logScale));
    }
    translator.next(rate, { weightDecay, rescale: rescale.get(step) ?? 1 });
    return wanted;
  });
  return {
    ...translateSchedule({ ...options, toWeightDecay: 0, rescale }),
    learningRate,
    logLearningRate: learningRate.map(Math.log),
  };
}
