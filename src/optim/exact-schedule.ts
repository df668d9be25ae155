import { assertArgument } from "../core/index.js";
import type { StepControl } from "./step-control.js";

/** A schedule without (or with another) decay that is exactly equivalent to one with decay; see `normwise/dynamics`. */
export interface EquivalentSchedule {
  /** η′ of each step. */
  readonly learningRate: ArrayLike<number>;
  /** μ of each step, where the schedule holds for one only; a control cannot change it from step to step. */
  readonly momentum?: ArrayLike<number>;
  /** ‖v‖/‖w‖ before each step and after the last: the norm under this schedule over that of the original. */
  readonly normRatio: ArrayLike<number>;
  /** At `step`, before it: v ← v/factor, m ← m·factor. */
  readonly rescaleEvents: readonly { readonly step: number; readonly factor: number }[];
}

/** Options of {@link exactSchedule}. */
export interface ExactScheduleOptions {
  /** λ′ that the schedule was made for; 0 by default. */
  readonly weightDecay?: number;
  /**
   * Whether ε and the running statistics of the normalizations follow the norm, which makes the equivalence exact, in
   * training and in evaluation; true by default.
   */
  readonly followEpsilon?: boolean;
}

/**
 * Step-size control by a translated schedule: the same function at every step as the original training, with heavy-ball
 * momentum and coupled decay, up to rounding. It needs no recorded norms.
 *
 * @throws InvalidArgumentError if the schedule needs a momentum that changes, as one made for decoupled decay does.
 */
export function exactSchedule(schedule: EquivalentSchedule, options: ExactScheduleOptions = {}): StepControl {
  const { weightDecay = 0, followEpsilon = true } = options;
  const momentum = schedule.momentum?.[0];
  const other = Array.from(schedule.momentum ?? []).find((value) => value !== momentum);
  assertArgument(other === undefined, "exactSchedule", `the same momentum at every step, ${momentum}`, other);
  const events = new Map(schedule.rescaleEvents.map(({ step, factor }) => [step, factor]));
  // The schedule's ratio before a step is the one after that step's rescaling, which has not happened yet.
  const ratioAfter = (steps: number): number => schedule.normRatio[steps]! * (events.get(steps) ?? 1);
  return {
    name: "exact-schedule",
    weightDecay,
    ...(momentum === undefined ? {} : { momentum }),
    needsNorms: false,
    perChannel: false,
    scalesEpsilon: followEpsilon,
    async at(step) {
      const factor = events.get(step);
      return {
        rate: schedule.learningRate[step]!,
        ...(factor === undefined ? {} : { rescale: 1 / factor }),
        ...(followEpsilon
          ? {
              epsilonScale: schedule.normRatio[step]! ** 2,
              statisticsScale: ratioAfter(step + 1) / schedule.normRatio[step]!,
            }
          : {}),
      };
    },
    epsilonScaleAfter: (steps) => (followEpsilon ? ratioAfter(steps) ** 2 : 1),
    cappedChannels: 0,
    restore() {},
  };
}
