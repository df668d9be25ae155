import type { Value } from "../graph/index.js";

/** What a rule works with while the update of one parameter is built. */
export interface UpdateContext {
  /** The parameter before the step. */
  readonly weight: Value;
  /** Its gradient, before any piece has changed it. */
  readonly gradient: Value;
  /** η of this step: a scalar, or of a shape that broadcasts to the weight's. */
  readonly rate: Value;
  /** η of the schedule, which the group's factor has not multiplied. */
  readonly scheduledRate: Value;
  /** μ, per step. */
  readonly momentum: number;
  /** λ. */
  readonly weightDecay: number;
  /**
   * The axes over which the norm of a scale-invariant group is taken: all but the channels' where each channel may be
   * scaled on its own without changing the network's function, all where only the tensor as a whole may. Undefined where
   * the scale matters.
   */
  readonly normAxes?: readonly number[] | undefined;
  /** Limit of ‖g‖/‖w‖ of each output unit; undefined: none. */
  readonly adaptiveClip?: number | undefined;
  /** A tensor that is kept from step to step and starts at 0, such as a momentum: one of the rule's {@link UpdateRule.slots}. */
  slot(name: string): Slot;
  /** One of the rule's {@link UpdateRule.scalars}, in this update. */
  scalar(name: string): Value;
}

/** A kept tensor: its value before the step; `next` is to be set to the value after. */
export interface Slot {
  readonly value: Value;
  next?: Value | undefined;
}

/** What a rule keeps beside the parameters for which it asks for it. */
export interface SlotKind {
  readonly name: string;
  /**
   * d, where the tensor is cᵈ times as large for a scale-invariant weight c times as long: −1 for sums of gradients, −2
   * for sums of their squares, 1 for norms.
   */
  readonly degree: -2 | -1 | 0 | 1;
  /** Whether it has a number for each element of the weight (default), or one for each scale-invariant group of it. */
  readonly per?: "element" | "group";
}

/**
 * A piece of an optimizer: takes an update in the making (the gradient, at first) and gives it on changed. The weight
 * moves by minus what the last piece returns.
 */
export interface UpdateRule {
  /** What it does to the update, for logs and run files. */
  readonly name: string;
  /** Tensors that may be kept beside a parameter. */
  readonly slots: readonly SlotKind[];
  /** Numbers that change from update to update, as functions of the count of updates with this one; none if absent. */
  readonly scalars?: Readonly<Record<string, (update: number) => number>>;
  /** The update that comes after this piece; what it keeps for the next step goes into the context's slots. */
  apply(update: Value, context: UpdateContext): Value;
}

/** Pieces one after the other. */
export function chain(...rules: readonly UpdateRule[]): UpdateRule {
  return {
    name: rules.map((rule) => rule.name).join(" → "),
    slots: rules.flatMap((rule) => rule.slots),
    scalars: Object.assign({}, ...rules.map((rule) => rule.scalars)) as NonNullable<UpdateRule["scalars"]>,
    apply: (update, context) => rules.reduce((current, rule) => rule.apply(current, context), update),
  };
}
