/** Values per channel of each scale-invariant weight, by parameter name. A `tensor`-invariant weight has one channel. */
export type ChannelValues = ReadonlyMap<string, Float64Array>;

/** What a control wants of one step. */
export interface StepDirective {
  /** Learning rate of the scale-invariant weights: one, or one per channel. */
  readonly rate: number | ChannelValues;
  /** Before the step: w ← c·w and momentum ← momentum / c, which leaves the function as it is. */
  readonly rescale?: number | ChannelValues;
  /** Multiplies ε of the normalizations behind scale-invariant weights; 1 if absent. */
  readonly epsilonScale?: number;
  /** By what the norms grow beyond the original training's in this step; their running statistics follow. 1 if absent. */
  readonly statisticsScale?: number;
}

/**
 * Controls the step size of the scale-invariant weights, in place of the learning-rate schedule. It is asked once a
 * step, in order; after a resume, from the step of the checkpoint with the state it had there.
 */
export interface StepControl {
  /** Name for logs and run files. */
  readonly name: string;
  /** Weight decay of the scale-invariant weights under this control; absent: the optimizer's. */
  readonly weightDecay?: number;
  /** Momentum that the weights under this control must have, with heavy ball and coupled decay; absent: any optimizer. */
  readonly momentum?: number;
  /** Whether {@link StepControl.at} needs the present norms. */
  readonly needsNorms: boolean;
  /** Whether rates differ from channel to channel. */
  readonly perChannel: boolean;
  /** Whether ε is to follow the norms, so that the normalization's ε does not break exactness. */
  readonly scalesEpsilon: boolean;
  /** What to do at a step (from 0), given the scheduled rate and the 2-norms of all channels before it. */
  at(step: number, scheduledRate: number, norms: ChannelValues | undefined): Promise<StepDirective>;
  /** ε's factor after so many steps, for evaluation. */
  epsilonScaleAfter(steps: number): number;
  /** Channels whose correction hit its cap, counted over channels and steps. */
  readonly cappedChannels: number;
  /** Sets the count, when a run is resumed. */
  restore(cappedChannels: number): void;
}

/** 2-norms per channel of an earlier run, as they were before each step. */
export interface NormRecord {
  /** The number of steps that the earlier run took. */
  readonly steps: number;
  /** The norms before a step, counted from 0, by weight name. Throws an InvalidArgumentError if it was not recorded. */
  at(step: number): Promise<ReadonlyMap<string, Float32Array>>;
}
