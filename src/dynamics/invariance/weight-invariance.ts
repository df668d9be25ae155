import type { Shape } from "../../core/index.js";
import type { Value } from "../../graph/index.js";

/**
 * The finest group of a weight that may be scaled by a positive factor of its own without changing the outputs: each
 * output channel, each head (any group of several channels), the tensor as a whole, the tensor jointly with others; or none.
 */
export type FinestInvariance = "channel" | "head" | "tensor" | "joint" | "none";

/** A tensor scaled by cᵖ beside one that is scaled by c. */
export interface Partner {
  readonly name: string;
  /** p: 1 up with it, −1 down as it goes up. */
  readonly power: number;
}

/** A small constant that keeps a group from being exactly scale-invariant. */
export interface EpsilonUse {
  readonly epsilon: number;
  /** The sum in which it is added. */
  readonly at: Value;
  /** k: it is added to something that a weight scaled by c multiplies by cᵏ; 2 for a variance. */
  readonly degree: number;
}

/** What an analysis found of one weight. */
export interface WeightInvariance {
  readonly name: string;
  readonly shape: Shape;
  readonly invariance: FinestInvariance;
  /** The axis of the output channels. */
  readonly axis: number;
  /** For each output channel the number of its invariant group, counted from 0; −1 where it is in none on its own. */
  readonly groups: Int32Array;
  /** For `joint`: what must be scaled with it. Empty otherwise. */
  readonly partners: readonly Partner[];
  /** Whether the outputs do not depend on the weight at all, as on a bias before a batch-norm. */
  readonly withoutEffect: boolean;
  /** The chain of operations that absorbs the scale, or that breaks it, in words. */
  readonly because: string;
  /** The values of that chain, from the first that the weight enters to the one that decides. */
  readonly chain: readonly Value[];
  readonly epsilons: readonly EpsilonUse[];
}

/** A weight to be analysed. */
export interface AnalysedWeight {
  readonly name: string;
  readonly value: Value;
}

/** Options of `analyzeInvariance`. */
export interface InvarianceOptions {
  /** Calls a value by a name that its reader knows, such as that of a node of the file it comes from. */
  readonly nameOf?: (value: Value) => string | undefined;
  /** Constants of at most this size that are added to what a weight scales count as ε; 1e-2 by default. */
  readonly largestEpsilon?: number;
}
