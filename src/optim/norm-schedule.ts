import { assertArgument } from "../core/index.js";
import { cappedSquaredRatios } from "./capped-ratio.js";
import type { RecordedControlOptions } from "./paper-correction.js";
import { eachWeight, recordedNorms } from "./recorded-norms.js";
import type { NormRecord, StepControl } from "./step-control.js";

/** Options of {@link normSchedule}. */
export interface NormScheduleOptions extends RecordedControlOptions {
  /** η₀, the constant learning rate that takes the schedule's place. */
  readonly learningRate: number;
}

/**
 * Norm scheduling in place of a learning-rate schedule and weight decay (Hoffer et al. 2018, section 2): the rate stays
 * at η₀, and before step t every channel is scaled by c to ‖w‖ = ‖w_WD,t‖ √(η₀/ηₜ) (2-norms), its momentum by 1/c.
 *
 * The squared ratio to the target is capped as in {@link paperCorrection}. A scheduled rate of 0 has no norm that
 * stands for it: such a step keeps the norm and takes the rate 0.
 */
export function normSchedule(record: NormRecord, options: NormScheduleOptions): StepControl {
  const { learningRate, cap = 100 } = options;
  assertArgument(learningRate > 0, "normSchedule", "a learning rate > 0", learningRate);
  assertArgument(cap >= 1, "normSchedule", "a cap ≥ 1", cap);
  let cappedChannels = 0;
  return {
    name: "norm-schedule",
    weightDecay: 0,
    needsNorms: true,
    perChannel: false,
    scalesEpsilon: false,
    async at(step, scheduledRate, norms) {
      if (scheduledRate === 0) return { rate: 0 };
      const recorded = await recordedNorms(record, step, norms!, options);
      const stretch = Math.sqrt(learningRate / scheduledRate);
      const rescale = eachWeight(norms!, (name, present) => {
        const { ratios, capped } = cappedSquaredRatios(present, recorded(name), cap);
        cappedChannels += capped;
        return ratios.map((ratio) => (ratio > 0 ? stretch / Math.sqrt(ratio) : 1)); // an all-zero channel stays
      });
      return { rate: learningRate, rescale };
    },
    epsilonScaleAfter: () => 1,
    get cappedChannels() {
      return cappedChannels;
    },
    restore(count) {
      cappedChannels = count;
    },
  };
}
