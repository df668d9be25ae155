import { assertArgument } from "../core/index.js";
import { type PerStep, perStep, type RescaleEvent } from "./equivalence.js";
import { type OptimizerKind, optimizerTraits } from "./optimizer-kind.js";

/** A schedule whose rates hold with rescalings of the weights. */
export interface RescaledSchedule {
  /** η of each step. */
  readonly learningRate: ArrayLike<number>;
  /** λ, of all steps or of each. */
  readonly weightDecay: PerStep;
  readonly rescaleEvents: readonly RescaleEvent[];
}

/**
 * The rates and decays of the same run without its rescalings: after events by c₁, c₂, … in all c, a run at η and λ is one of
 * weights c times as long at c²η and λ/c² (cη and λ/c for `adamw`).
 *
 * @throws InvalidArgumentError if a rate leaves float64's range, or lists differ in length.
 */
export function unrescaled(
  { learningRate, weightDecay, rescaleEvents }: RescaledSchedule,
  optimizer: OptimizerKind = "sgd",
): { rates: Float64Array; weightDecay: Float64Array } {
  const where = "unrescaled";
  const power = 1 - optimizerTraits[optimizer].degree;
  const factors = new Map(rescaleEvents.map(({ step, factor }) => [step, factor]));
  const decayAt = perStep(where, "weightDecay", weightDecay, learningRate.length);
  const [rates, decays] = [new Float64Array(learningRate.length), new Float64Array(learningRate.length)];
  let logScale = 0;
  for (let step = 0; step < rates.length; step++) {
    logScale += Math.log(factors.get(step) ?? 1);
    rates[step] = learningRate[step]! * Math.exp(power * logScale);
    decays[step] = decayAt(step) * Math.exp(-power * logScale);
    const held = Number.isFinite(rates[step]) && Number.isFinite(decays[step]);
    assertArgument(held, `${where}, step ${step + 1}`, "a rate that float64 holds without the rescalings", rates[step]);
  }
  return { rates, weightDecay: decays };
}
