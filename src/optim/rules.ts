import { add, mul } from "../graph/index.js";
import type { UpdateRule } from "./update-rule.js";

/** u ← u + λw: coupled L2 decay, part of the gradient. */
export function addCoupledDecay(): UpdateRule {
  return {
    name: "addCoupledDecay",
    slots: [],
    apply: (update, { weight, weightDecay }) => (weightDecay === 0 ? update : add(update, mul(weight, weightDecay))),
  };
}

/** u ← u + ηλw: decoupled decay; comes after {@link scaleByRate}. λ is in units of 1/(η · step). */
export function addDecoupledDecay(): UpdateRule {
  return {
    name: "addDecoupledDecay",
    slots: [],
    apply: (update, { weight, weightDecay, rate }) =>
      weightDecay === 0 ? update : add(update, mul(weight, mul(rate, weightDecay))),
  };
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
