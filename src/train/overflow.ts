import { assertArgument } from "../core/index.js";

/** A loss scale that adapts: lowered by each step that overflows, raised after many that did not. */
export interface DynamicLossScale {
  /** Scale of the first step; 2¹⁶ by default. */
  readonly initial: number;
  /** Multiplies the scale after `growthInterval` good steps in a row; 2 by default. */
  readonly growth: number;
  /** Multiplies the scale after a step that overflowed; 0.5 by default. */
  readonly backoff: number;
  /** Good steps in a row before the scale grows; 2000 by default. */
  readonly growthInterval: number;
}

/** What the loss is multiplied by before gradients are taken, and what they are divided by after: a number, or a rule. */
export type LossScale = number | DynamicLossScale;

/** A step, counted from 1, and the layer that was the first not to be finite. */
export interface OverflowPlace {
  readonly step: number;
  readonly layer: string;
}

/** What half precision has come to so far; part of a training's progress. */
export interface OverflowState {
  /** What the loss of the next step is multiplied by. */
  readonly lossScale: number;
  /** Steps without overflow since the scale last changed. */
  readonly goodSteps: number;
  /** Steps that were skipped because a gradient or the loss was not finite. */
  readonly overflowSteps: number;
  /** How many of them came in a row, up to now. */
  readonly overflowsInRow: number;
  readonly firstOverflow?: OverflowPlace;
  /** Normalizations whose statistics were not finite, counted over layers and steps. */
  readonly overflowStatistics: number;
  readonly firstOverflowStatistic?: OverflowPlace;
}

/** Below this, a scale has no headroom left: a run whose gradients still overflow has diverged. */
export const leastLossScale = 2 ** -14;

/**
 * A loss scale that adapts (Micikevicius et al. 2018, section 3.2), with the numbers of PyTorch's `GradScaler`.
 * @throws InvalidArgumentError for numbers out of range.
 */
export function dynamicLossScale(options: Partial<DynamicLossScale> = {}): DynamicLossScale {
  const { initial = 2 ** 16, growth = 2, backoff = 0.5, growthInterval = 2000 } = options;
  const made = { initial, growth, backoff, growthInterval };
  checkLossScale(made);
  return made;
}

/** Throws an InvalidArgumentError if a number is out of range. */
export function checkLossScale(scale: LossScale): void {
  const where = "loss scale";
  const { initial, growth, backoff, growthInterval } =
    typeof scale === "number" ? { initial: scale, growth: 2, backoff: 0.5, growthInterval: 1 } : scale;
  assertArgument(initial > 0 && Number.isFinite(initial), where, "a scale > 0", initial);
  assertArgument(growth > 1 && Number.isFinite(growth), where, "growth > 1", growth);
  assertArgument(backoff > 0 && backoff < 1, where, "backoff in (0, 1)", backoff);
  const counts = Number.isInteger(growthInterval) && growthInterval > 0;
  assertArgument(counts, where, "growthInterval to be a positive integer", growthInterval);
}

/** Before the first step. */
export function freshOverflow(scale: LossScale): OverflowState {
  const lossScale = typeof scale === "number" ? scale : scale.initial;
  return { lossScale, goodSteps: 0, overflowSteps: 0, overflowsInRow: 0, overflowStatistics: 0 };
}

/** After a step that was taken, or skipped because something in it was not finite. */
export function afterStep(state: OverflowState, scale: LossScale, finite: boolean): OverflowState {
  const counted: OverflowState = finite
    ? { ...state, overflowsInRow: 0 }
    : { ...state, overflowSteps: state.overflowSteps + 1, overflowsInRow: state.overflowsInRow + 1 };
  if (typeof scale === "number") return counted;
  if (!finite) return { ...counted, lossScale: state.lossScale * scale.backoff, goodSteps: 0 };
  const goodSteps = state.goodSteps + 1;
  if (goodSteps < scale.growthInterval) return { ...counted, goodSteps };
  const grown = Math.fround(state.lossScale * scale.growth);
  return { ...counted, goodSteps: 0, lossScale: Number.isFinite(grown) ? grown : state.lossScale };
}
