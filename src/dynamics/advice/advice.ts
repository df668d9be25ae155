import type { Role } from "../../graph/index.js";
import type { FinestInvariance, Partner } from "../invariance/weight-invariance.js";
import { checkedNumbers, type OptimizerNumbers } from "../prediction.js";
import { decayAdvice } from "./decay-advice.js";
import { rateAdvice } from "./rate-advice.js";
import { structureAdvice } from "./structure-advice.js";

/** A weight as far as advice depends on it. */
export interface AdvisedWeight {
  readonly name: string;
  readonly role: Role;
  readonly invariance: FinestInvariance;
  /** What must be scaled with it, where the invariance is `joint`. */
  readonly partners: readonly Partner[];
  /** Whether the outputs do not depend on it at all. */
  readonly withoutEffect: boolean;
  /** C: how many numbers are scaled as one. */
  readonly size: number;
  /** ‖w‖₂, the median over what is scaled as one; absent where the values are not known. */
  readonly norm?: number;
  /** How many channels it has, and how many of them are dead. */
  readonly channels: number;
  readonly dead: number;
  /** The greatest relative change of a normalized output for a relative change of the norm that ε leaves; absent: unknown. */
  readonly epsilonEffect?: number;
}

/** What the weights are to be trained with. */
export interface AdviceOptions {
  /** Absent: only what does not depend on the training is said. */
  readonly optimizer?: OptimizerNumbers;
  /** Steps of the whole run. */
  readonly steps?: number;
}

/** What a piece of advice is about. */
export type AdviceKind =
  | "no-decay"
  | "decay-sets-rate"
  | "decay-only-shrinks"
  | "decay-too-strong"
  | "relaxation-longer-than-run"
  | "rate-out-of-line"
  | "norm-off-equilibrium"
  | "without-effect"
  | "dead-channels"
  | "joint"
  | "epsilon";

/** A piece of advice: what is so, why, and what to do. */
export interface Advice {
  readonly kind: AdviceKind;
  /** What is so and what can be done, in a sentence or two. */
  readonly text: string;
  /** The theory behind it. */
  readonly because: string;
  /** The weights that it concerns. */
  readonly weights: readonly string[];
  /** A command line that goes on from there. */
  readonly command?: string;
}

/**
 * What the theory of scale-invariant weights says to somebody who trains these weights: plain arithmetic on their norms
 * and on the optimizer's numbers.
 *
 * @throws InvalidArgumentError if a number of the optimizer is out of range.
 */
export function advise(weights: readonly AdvisedWeight[], options: AdviceOptions = {}): Advice[] {
  const { optimizer, steps } = options;
  const structure = structureAdvice(weights);
  if (optimizer === undefined) return structure;
  checkedNumbers(optimizer);
  return [...decayAdvice(weights, optimizer, steps), ...rateAdvice(weights, optimizer), ...structure];
}
