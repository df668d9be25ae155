import { assertArgument } from "../core/index.js";
import { cappedSquaredRatios } from "./capped-ratio.js";
import { eachWeight, recordedNorms } from "./recorded-norms.js";
import type { NormRecord, StepControl } from "./step-control.js";

/** Options shared by the controls that follow a recorded run. */
export interface RecordedControlOptions {
  /** Limit of a channel's correction, in units of its layer's median correction; 100 by default. */
  readonly cap?: number;
  /**
   * `"step"` (default) uses the norms recorded before the same step. A number of steps per epoch reproduces the authors'
   * code: the norms at the end of the epoch hold for all of it, so that the corrected run looks ahead.
   */
  readonly granularity?: "step" | { readonly stepsPerEpoch: number };
}

/**
 * The paper's learning-rate correction, η̂ = η ‖w‖² / ‖w_WD‖² per channel (Hoffer et al. 2018, section 2; 2-norms over
 * a channel's weights), w_WD being the same channel in a recorded run with weight decay. No decay is applied.
 */
export function paperCorrection(record: NormRecord, options: RecordedControlOptions = {}): StepControl {
  const { cap = 100 } = options;
  assertArgument(cap >= 1, "paperCorrection", "a cap ≥ 1", cap);
  let cappedChannels = 0;
  return {
    name: "paper-correction",
    weightDecay: 0,
    needsNorms: true,
    perChannel: true,
    scalesEpsilon: false,
    async at(step, scheduledRate, norms) {
      const recorded = await recordedNorms(record, step, norms!, options);
      const rate = eachWeight(norms!, (name, present) => {
        const { ratios, capped } = cappedSquaredRatios(present, recorded(name), cap);
        cappedChannels += capped;
        return ratios.map((ratio) => scheduledRate * ratio);
      });
      return { rate };
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
