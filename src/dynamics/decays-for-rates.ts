import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import {
  type PerStep,
  perStep,
  type ScheduleTranslationOptions,
  type TranslatedSchedule,
  translateSchedule,
} from "./equivalence.js";
import { optimizerTraits } from "./optimizer-kind.js";

/** A run, and the learning rates that another one is to have instead. */
export interface RateReplacementOptions extends Pick<ScheduleTranslationOptions, "rates" | "momentum" | "optimizer"> {
  /** λ of the original run, of all steps or of each. */
  readonly weightDecay: PerStep;
  /** η', the wanted rate, of all steps or of each; 0 wherever the original is 0 and nowhere else. */
  readonly toRates: PerStep;
}

/** A {@link TranslatedSchedule} at the wanted rates, with the decay that makes up for them. */
export interface ReplacedRates extends TranslatedSchedule {
  /** λ' of each step. */
  readonly toWeightDecay: Float64Array;
}

/**
 * The opposite of {@link translateSchedule}: the weight decays λ'ₜ with which a run at the wanted rates η'ₜ (a constant one in
 * place of a growing one, say) computes the same function as the original. With η'ₜ = ηₜ/(qₜqₜ₊₁) given, the recursion of
 * `scheduleTranslator` has nothing left to choose:
 *
 *     qₜ₊₁ = ηₜ/(η'ₜqₜ)      δₜ₊₁ = (qₜ − qₜ₊₁)/ηₜ      λ'ₜ = qₜ(μδₜ + λqₜ − δₜ₊₁)
 *
 * Steps at rate 0 leave their λ' open; they share that of the next step which has a rate. Only decay ≥ 0 is accepted, so
 * that η'/η may grow less than the original's norms allow, but not fall at will: a falling rate needs a growing norm, for
 * which there is `normsForRates`. Where no decay fits from equal weights, q₀ = 1, the start is rescaled (a rescale
 * event at step 0), in the middle of the q₀ that fit: as qₜ₊₁qₜ is given, a q₀ off by a factor comes back at every second step.
 *
 * @throws InvalidArgumentError if an option is out of range or, naming the step (from 1), if no decay ≥ 0 exists.
 */
export function decaysForRates(options: RateReplacementOptions): ReplacedRates {
  const steps = courseOf(options);
  const logStart = startThatFits(steps);
  const toWeightDecay = new Float64Array(options.rates.length);
  let [last, next] = [perStep(where, "weightDecay", options.weightDecay, options.rates.length)(0), 0];
  for (const step of steps) {
    last = Math.max(0, pull(step, logStart)) * Math.exp(step.power * (step.logScale + step.parity * logStart));
    toWeightDecay.fill(last, next, step.at + 1);
    next = step.at + 1;
  }
  toWeightDecay.fill(last, next);
  const rescale = new Map(logStart === 0 ? [] : [[0, Math.exp(logStart)]]);
  const wanted = perStep(where, "toRates", options.toRates, options.rates.length);
  const learningRate = Float64Array.from(options.rates, (rate, t) => (rate === 0 ? 0 : wanted(t)));
  return {
    ...translateSchedule({ ...options, toWeightDecay, rescale }),
    learningRate,
    logLearningRate: learningRate.map(Math.log),
    toWeightDecay,
  };
}

const where = "decaysForRates";

/** A step with a rate, after steps without; q being exp(logScale + parity · log q₀). */
interface Step {
  readonly at: number;
  readonly rate: number;
  readonly logScale: number;
  readonly parity: number;
  /** λ' = κ q^power. */
  readonly power: number;
  /** log qₜ₊₁/qₜ at q₀ = 1, and the power of q₀ in it. */
  readonly logRatio: number;
  readonly exponent: number;
  /** The same of the last step that had a rate, and that rate; absent where there is none, or where nothing is carried over. */
  readonly before?: { readonly rate: number; readonly logRatio: number };
  /** μⁿ, n being the steps since then; Σ μʲ and Σ μʲλ over them. */
  readonly carried: number;
  readonly weight: number;
  readonly decay: number;
}

/** q at every step that has a rate. */
function courseOf(options: RateReplacementOptions): Step[] {
  const { rates, momentum = 0.9, optimizer = "sgd" } = options;
  const { coupled, degree } = optimizerTraits[optimizer];
  const memory = coupled ? momentum : 0;
  const decayAt = perStep(where, "weightDecay", options.weightDecay, rates.length);
  const wantedAt = perStep(where, "toRates", options.toRates, rates.length);
  const steps: Step[] = [];
  let [logScale, parity, carried, weight, decay] = [0, 1, 1, 0, 0];
  let before: Step["before"];
  for (let at = 0; at < rates.length; at++) {
    const [rate, wanted] = [rates[at]!, wantedAt(at)];
    [carried, weight, decay] = [carried * memory, weight * memory + 1, decay * memory + decayAt(at)];
    if (rate === 0 && (wanted === 0 || typeof options.toRates === "number")) continue;
    const fit = rate > 0 && rate < Infinity && wanted > 0 && wanted < Infinity;
    assertArgument(fit, `${where}, step ${at + 1}`, "two positive rates, or two of 0", `${rate} and ${wanted}`);
    const logRatio = Math.log(rate / wanted) + (degree - 1) * logScale;
    const exponent = (degree - 1) * parity;
    const inherited = memory > 0 && before !== undefined ? { before } : {};
    const power = 1 - degree;
    steps.push({ at, rate, logScale, parity, power, logRatio, exponent, ...inherited, carried, weight, decay });
    before = { rate, logRatio };
    logScale += logRatio;
    parity += exponent;
    [carried, weight, decay] = [1, 0, 0];
  }
  return steps;
}

/** κ = λ' q^(degree − 1): what the decay has to pull with at this step. */
function pull(step: Step, logStart: number): number {
  const { rate, logRatio, exponent, before, carried, weight, decay } = step;
  // The step before had the opposite power of q₀, and its ratio enters upside down.
  const shift = before === undefined ? 0 : Math.expm1(exponent * logStart - before.logRatio) / before.rate;
  return (carried * shift + decay + Math.expm1(logRatio + exponent * logStart) / rate) / weight;
}

/** log q₀: 0 if it will do, or the middle of those for which every pull is at least 0. */
function startThatFits(steps: readonly Step[]): number {
  let [low, high, fits] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, true];
  for (const step of steps) {
    const { at, rate, logRatio, exponent, before, carried, decay } = step;
    const [inherited, upside] = before === undefined ? [0, 0] : [carried / before.rate, Math.exp(-before.logRatio)];
    const scale = 1 / rate + inherited;
    const rounding = 2 ** -49 * (at + 2); // of the logarithms' sum, which carries every rate's own rounding
    fits &&= pull(step, 0) >= -rounding * scale;
    // pull ≥ 0 is q₀^exponent · held ≥ needed.
    const held = Math.exp(logRatio) / rate + inherited * upside;
    const needed = scale - decay;
    if (needed <= 0) continue;
    const bound = Math.log(needed / held);
    if (exponent > 0) low = Math.max(low, bound / exponent);
    else if (exponent < 0) high = Math.min(high, bound / exponent);
    else if (bound > rounding) high = Number.NEGATIVE_INFINITY;
    if (!fits && low > high + rounding) throw noSuchDecay(step);
  }
  if (fits) return 0;
  if (low === Number.NEGATIVE_INFINITY) return high;
  return high === Number.POSITIVE_INFINITY ? low : (low + high) / 2;
}

function noSuchDecay({ at, rate }: Step): InvalidArgumentError {
  return new InvalidArgumentError(
    expectation(
      `${where}, step ${at + 1}`,
      "a wanted rate that a weight decay ≥ 0 gives",
      `one that the original rate, ${rate} here, falls behind or stops growing towards too suddenly: only a negative decay would`,
      "want a rate that takes the same turns, or rescale the norms instead (normsForRates; --by norms)",
    ),
  );
}
