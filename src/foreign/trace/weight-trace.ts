import type { Shape } from "../../core/index.js";
import type { ChannelGroups, FinestInvariance, OptimizerKind } from "../../dynamics/index.js";
import type { Spread } from "../spread-of.js";

/** The hyperparameters of a traced training. */
export interface TraceNumbers {
  readonly optimizer: OptimizerKind;
  /** λ, per step. */
  readonly weightDecay: number;
  /** μ, or β₁ of `adamw`. */
  readonly momentum: number;
  /** η of a step, counted from 0. */
  readonly rateAt: (step: number) => number;
}

/** A weight to be traced. */
export interface TracedWeight extends ChannelGroups {
  readonly name: string;
  readonly invariance: FinestInvariance;
  /** Whether only its name says that it is scale-invariant. */
  readonly guessed: boolean;
}

/** A weight at one moment, and how it came there from the moment before. */
export interface TracePoint {
  /** Steps taken. */
  readonly step: number;
  /** ‖w‖₂ of each channel. */
  readonly norm: Spread;
  /** η/‖w‖² of each channel, per step, with the rate of the step to come (at the end, of the last one). */
  readonly effectiveRate: Spread;
  /** Steps that the next four are about: those since the moment before; 1 where a single step was measured. */
  readonly steps?: number;
  /** Root mean square angle of one step, in radians, of each channel; absent where too much has changed to tell. */
  readonly rotation?: Spread;
  /** How much of the moves is drift: 0 for a random walk, 1 for a steady turn, below 0 for one that is taken back. */
  readonly persistence?: number;
  /** What the rotation would be at equilibrium, at the mean rate of these steps; absent without decay. */
  readonly predictedRotation?: number;
  /** Rotation (median) over predicted rotation: above 1 the norm grows, below 1 decay shortens it. */
  readonly alignment?: number;
  /** The median norm that rotation and decay would bring about if both stayed as they are. */
  readonly normLimit?: number;
  /** Steps in which the distance from that limit (of ‖w‖⁴; of ‖w‖² for AdamW) falls by e. */
  readonly relaxationSteps?: number;
}

/** A weight over a training. */
export interface WeightTrace {
  readonly name: string;
  readonly shape: Shape;
  readonly invariance: FinestInvariance;
  readonly guessed: boolean;
  /** Groups that have a norm of their own. */
  readonly channels: number;
  readonly points: readonly TracePoint[];
}
