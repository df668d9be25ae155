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
}

/** A kept tensor: its value before the step; `next` is to be set to the value after. */
export interface Slot {
  readonly value: Value;
  next?: Value | undefined;
}

/**
 * A piece of an optimizer: takes an update in the making (the gradient, at first) and gives it on changed. The weight
 * moves by minus what the last piece returns.
 */
export interface UpdateRule {
  /** What it does to the update, for logs and run files. */
  readonly name: string;
  /** Kept tensors per parameter. */
  readonly slots: readonly string[];
  /** The update that comes after this piece; what it keeps for the next step goes into the context's slots. */
  apply(update: Value, context: UpdateContext): Value;
}

/** Pieces one after the other. */
export function chain(...rules: readonly UpdateRule[]): UpdateRule {
  return {
    name: rules.map((rule) => rule.name).join(" → "),
    slots: rules.flatMap((rule) => rule.slots),
    apply: (update, context) => rules.reduce((current, rule) => rule.apply(current, context), update),
  };
}
