import { add, mul, type Value } from "../graph/index.js";
import type { UpdateContext, UpdateRule } from "./update-rule.js";

/** s, which multiplies the decay of a weight; 0 leaves it without. */
export type DecayScale = (context: UpdateContext) => Value | number;

const wholly: DecayScale = () => 1;

/** u ← u + sλw: coupled L2 decay, part of the gradient; s = 1 by default. */
export function addCoupledDecay(scale: DecayScale = wholly): UpdateRule {
  return {
    name: "addCoupledDecay",
    slots: [],
    apply(update, context) {
      const decay = scaledDecay(scale, context);
      return decay === 0 ? update : add(update, mul(context.weight, decay));
    },
  };
}

/** u ← u + sηλw: decoupled decay; comes after {@link scaleByRate}. λ is in units of 1/(η · step); s = 1 by default. */
export function addDecoupledDecay(scale: DecayScale = wholly): UpdateRule {
  return {
    name: "addDecoupledDecay",
    slots: [],
    apply(update, context) {
      const decay = scaledDecay(scale, context);
      return decay === 0 ? update : add(update, mul(context.weight, mul(context.rate, decay)));
    },
  };
}

function scaledDecay(scale: DecayScale, context: UpdateContext): Value | number {
  const { weightDecay } = context;
  if (weightDecay === 0) return 0;
  const factor = scale(context);
  return typeof factor === "number" ? factor * weightDecay : mul(factor, weightDecay);
}

/** m ← μm + u, u ← m: heavy ball (Polyak 1964), in PyTorch's form: no dampening, η outside the sum. */
export function addHeavyBall(): UpdateRule {
  return {
    name: "addHeavyBall",
    slots: [{ name: "momentum", degree: -1 }],
    apply(update, context) {
      const slot = context.slot("momentum");
      slot.next = add(mul(slot.value, context.momentum), update);
      return slot.next;
    },
  };
}

/** m ← μm + u, u ← u + μm: Nesterov momentum in PyTorch's form. */
export function addNesterov(): UpdateRule {
  return {
    name: "addNesterov",
    slots: [{ name: "momentum", degree: -1 }],
    apply(update, context) {
      const slot = context.slot("momentum");
      slot.next = add(mul(slot.value, context.momentum), update);
      return add(update, mul(slot.next, context.momentum));
    },
  };
}

/** u ← ηu. */
export function scaleByRate(): UpdateRule {
  return { name: "scaleByRate", slots: [], apply: (update, { rate }) => mul(update, rate) };
}
