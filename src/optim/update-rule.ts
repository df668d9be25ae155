import type { Value } from "../graph/index.js";

/** What a rule works with while the update of one parameter is built. */
export interface UpdateContext {
  /** The parameter before the step. */
  readonly weight: Value;
  /** η of this step: a scalar, or of a shape that broadcasts to the weight's. */
  readonly rate: Value;
  /** μ, per step. */
  readonly momentum: number;
  /** λ. */
  readonly weightDecay: number;
  /** A tensor of the weight's shape that is kept from step to step and starts at 0, such as a momentum. */
  slot(name: string): Slot;
  /** One of the rule's {@link UpdateRule.scalars}, in this update. */
  scalar(name: string): Value;
}

/** A kept tensor: its value before the step; `next` is to be set to the value after. */
export interface Slot {
  readonly value: Value;
  next?: Value | undefined;
}

/** What a rule keeps beside each parameter. */
export interface SlotKind {
  readonly name: string;
  /**
   * d, where the tensor is cᵈ times as large for a scale-invariant weight c times as long: −1 for sums of gradients, −2
   * for sums of their squares.
   */
  readonly degree: -1 | -2;
}

/**
 * A piece of an optimizer: takes an update in the making (the gradient, at first) and gives it on changed. The weight
 * moves by minus what the last piece returns.
 */
export interface UpdateRule {
  /** What it does to the update, for logs and run files. */
  readonly name: string;
  /** Kept tensors per parameter. */
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
