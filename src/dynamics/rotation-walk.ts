import { assertArgument } from "../core/index.js";
import type { OptimizerKind } from "./optimizer-kind.js";
import { assertBelowOne } from "./range.js";
import { stepCorrelation } from "./steady-state.js";

/** The optimizer that took the steps between two checkpoints. */
export interface WalkOptions {
  /** `sgd` by default. */
  readonly optimizer?: OptimizerKind;
  /** μ, or β₁ of `adamw`; 0.9 by default. */
  readonly momentum?: number;
}

/**
 * By how many times the squared angle of one step the direction is expected to have turned after k steps of independent
 * gradients: s(k) = k + 2r (k(1 − μ) − (1 − μᵏ))/(1 − μ)², r being the correlation of a step with the next (μ for heavy ball).
 * s(1) = 1; without momentum s(k) = k.
 *
 * @throws InvalidArgumentError unless the steps are a positive integer and the momentum in [0, 1).
 */
export function walkLength(steps: number, { optimizer = "sgd", momentum = 0.9 }: WalkOptions = {}): number {
  assertArgument(Number.isInteger(steps) && steps > 0, "walkLength", "a positive integer number of steps", steps);
  assertBelowOne("walkLength", { momentum });
  const rest = 1 - momentum;
  return steps + (2 * stepCorrelation(optimizer, momentum) * (steps * rest - (1 - momentum ** steps))) / rest ** 2;
}

/**
 * What turns add up in: a = −2 ln cos φ of the angle φ between two directions, about φ² while that is small. In a random walk on
 * the sphere expected cosines multiply, E cos φ = e^(−θ² s(k)/2), so that a grows by θ² with every independent step,
 * beyond the angles where φ² itself stays behind. Infinite from a right angle on.
 *
 * @param squaredChord ‖ŵ′ − ŵ‖² = 2(1 − cos φ), which keeps the digits that a cosine near 1 has lost.
 */
export function squaredWalk(squaredChord: number): number {
  return squaredChord < 2 ? -2 * Math.log1p(-squaredChord / 2) : Number.POSITIVE_INFINITY;
}

/** A move of a direction: its {@link squaredWalk}, and how many steps it took. */
export interface Move {
  readonly walk: number;
  readonly steps: number;
}

/**
 * How much of two moves, one after the other, is drift: 0 where they know of each other only through the momentum, 1 for a
 * steady turn in one plane, below 0 where the second takes the first back.
 *
 *     c = (a₁₃ − q (a₁₂ + a₂₃)) / (2√(a₁₂ a₂₃) d),   q = s₁₃/(s₁₂ + s₂₃),   d = ((k₁ + k₂)² − q (k₁² + k₂²))/(2k₁k₂)
 *
 * with a the walks, s their {@link walkLength}s and k the steps; q = d = 1 without momentum. For moves of one length that are
 * the sum of a walk and a drift, c is the drift's part of a. NaN where momentum alone makes the moves alike, d < 0.3.
 *
 * @param both The squared walk of the two moves together.
 */
export function persistence(first: Move, second: Move, both: number, options: WalkOptions = {}): number {
  const [k, l] = [first.steps, second.steps];
  const grown = walkLength(k + l, options) / (walkLength(k, options) + walkLength(l, options));
  const told = ((k + l) ** 2 - grown * (k ** 2 + l ** 2)) / (2 * k * l);
  if (told < 0.3) return Number.NaN;
  return (both - grown * (first.walk + second.walk)) / (2 * Math.sqrt(first.walk * second.walk) * told);
}

/**
 * The root mean square angle of one step, in radians, from directions k steps apart:
 *
 *     θ² = a ((1 − c)/s(k) + max(c, 0)/k²)
 *
 * with a the {@link squaredWalk}, s the {@link walkLength} and c the {@link persistence} of moves of this length. The part c of a is
 * drift, which grows as k²; the rest is a random walk with the optimizer's momentum, which grows as s(k). Where c < 0, the
 * direction is held back, and a step is larger than what is left of it after k; the formula is its first order.
 *
 * For k = 1 it is the angle itself, whatever c. Of independent gradients the relative standard error for a channel of n weights is
 * 1/√(2(n − 1)); of C channels' median about 1.25/√C times that.
 *
 * @param alike c, held to [−½, 1]; 0 by default, where no third checkpoint tells.
 */
export function rotationPerStep({ walk, steps }: Move, options: WalkOptions = {}, alike = 0): number {
  if (steps === 1) return 2 * Math.asin(Math.sqrt(-Math.expm1(-walk / 2) / 2)); // φ itself, from cos φ = e^(−a/2)
  const drift = Math.min(1, Math.max(-0.5, alike || 0));
  return Math.sqrt(walk * ((1 - drift) / walkLength(steps, options) + Math.max(drift, 0) / steps ** 2));
}

/**
 * The largest number of steps apart at which a steady state with this rotation can still be told from directions that have
 * forgotten each other: there s(k) θ² reaches ln n, the expected cosine 1/√n, as large as that of two random directions.
 *
 * @param size n, the number of weights of a channel.
 */
export function forgottenAfter(rotation: number, size: number, options: WalkOptions = {}): number {
  const perStep = walkLength(1000, options) - walkLength(999, options); // the growth of s for k ≫ 1/(1 − μ)
  return Math.max(1, Math.floor(Math.log(Math.max(2, size)) / (rotation ** 2 * perStep)));
}
