import { assertArgument } from "../core/index.js";
import { type OptimizerKind, optimizerTraits } from "./optimizer-kind.js";
import { assertBelowOne, assertPositive } from "./range.js";
import { stepCorrelation } from "./steady-state.js";

/** What a run recorded of one layer: norms, and perhaps rotations, before some of its steps. */
export interface NormCourse {
  /** The recorded steps, counted from 0, increasing. */
  readonly steps: ArrayLike<number>;
  /** ‖w‖₂ before each of them: of one channel, or the median over a layer's. */
  readonly norm: ArrayLike<number>;
  /** The angle that each of these steps turned the direction by, in radians. */
  readonly rotation?: ArrayLike<number>;
}

/** A recorded run, and what is known of it. */
export interface RatesFromNormsOptions {
  /** η of each step of the recorded run. */
  readonly rates: ArrayLike<number>;
  /** Its norms. */
  readonly recorded: NormCourse;
  /** The norms of a run of the same network without decay, if there is one. */
  readonly without?: NormCourse;
  /** μ, or β₁ of `adamw`; 0.9 by default. */
  readonly momentum?: number;
  readonly optimizer?: OptimizerKind;
}

/** Which norms stand for those of the run without decay. */
export type NormBasis = "recorded" | "grown" | "held";

/** What the rates are for, and what they take for granted. */
export const normBases: Readonly<Record<NormBasis, string>> = {
  recorded:
    "for a run with the norms of the recorded one without decay; good where that run already turns as the one with decay does, " +
    "since its norms grew by its own rates",
  grown:
    "for a run without decay from the same weights; its norms are taken to grow by the recorded rotations, as those of a " +
    "direction that walks at random: gradients nearly independent from step to step",
  held: "for a run whose norms are held where they were at the start (normalized after each step, without decay)",
};

/**
 * Learning rates without decay from a recorded run's norms alone, by the paper's correction η̂ = η ‖w‖²/‖w_WD‖² (Hoffer et al.
 * 2018, arXiv 1803.01814, section 3; the square only for gradients, not for `adamw`); its decay need not be known. Whose
 * ‖w‖ that is depends on what there is ({@link normBases}):
 * - norms of a second run, without decay: those;
 * - rotations θ: what a run without decay that turns as much must have grown to, ln ‖w‖² = ln ‖w₀‖² + Σ θ²(1 + 2r/(1 − μ)), r being
 *   the correlation of neighbouring steps (μ for heavy ball: at equilibrium this is 2ηλ/(1 − μ) per step, the growth of the
 *   exact schedule);
 * - neither: the first norm, held.
 *
 * It is an estimate in every case: momentum is not accounted for in the correction, and between recorded steps norms are
 * interpolated. Where η, λ and μ are known the schedule of `translateSchedule` is exact and needs no norms.
 *
 * @throws InvalidArgumentError if lists differ in length, steps do not increase or a norm is not positive.
 */
export function ratesFromNorms(options: RatesFromNormsOptions): { rates: Float64Array; basis: NormBasis } {
  const { rates, recorded, without, momentum = 0.9, optimizer = "sgd" } = options;
  assertBelowOne("ratesFromNorms", { momentum });
  const power = 1 - optimizerTraits[optimizer].degree;
  const logReference = interpolated(recorded, "norm", Math.log);
  const basis = without !== undefined ? "recorded" : recorded.rotation !== undefined ? "grown" : "held";
  const logNow = without === undefined ? undefined : interpolated(without, "norm", Math.log);
  const turn = recorded.rotation === undefined ? undefined : interpolated(recorded, "rotation", (angle) => angle ** 2);
  const growth = (1 + (2 * stepCorrelation(optimizer, momentum)) / (1 - momentum)) / 2;
  let logNorm = logReference(0);
  const estimated = Float64Array.from(rates, (rate, step) => {
    const now = logNow?.(step) ?? logNorm;
    if (basis === "grown" && rate > 0) logNorm += growth * turn!(step);
    return rate * Math.exp(power * (now - logReference(step)));
  });
  return { rates: estimated, basis };
}

/** A course between its recorded steps, straight after `map`; before the first and after the last as there. */
function interpolated(
  course: NormCourse,
  kind: "norm" | "rotation",
  map: (value: number) => number,
): (step: number) => number {
  const where = "ratesFromNorms";
  const { steps } = course;
  const values = course[kind]!;
  assertArgument(steps.length > 0, where, "at least one recorded step", steps.length);
  assertArgument(values.length === steps.length, where, `${steps.length} values of ${kind}, one a step`, values.length);
  for (let i = 0; i < steps.length; i++) {
    if (kind === "norm") assertPositive(`${where}, step ${steps[i]}`, { norm: values[i]! });
    const rises = i === 0 || steps[i]! > steps[i - 1]!;
    assertArgument(rises, where, `steps after ${steps[i - 1]}`, steps[i]);
  }
  const mapped = Float64Array.from(values, map);
  let at = 0; // asked for in order
  return (step) => {
    while (at + 1 < steps.length && steps[at + 1]! <= step) at++;
    if (step <= steps[0]! || at + 1 === steps.length) return mapped[step <= steps[0]! ? 0 : at]!;
    const part = (step - steps[at]!) / (steps[at + 1]! - steps[at]!);
    return mapped[at]! * (1 - part) + mapped[at + 1]! * part;
  };
}
