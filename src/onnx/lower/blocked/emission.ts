import type { Value } from "../../../graph/index.js";
import type { Emitter, TensorName } from "../emitter.js";
import { applyRule, type Emission } from "../lowering.js";
import { portableRules } from "../portable/index.js";
import type { Assignment } from "./layout/assign.js";
import { convert } from "./layout/conversion.js";
import type { Layout } from "./layout/implementation.js";

/** Emits each value by its implementation, and converts what lies in another layout than an operand of it should. */
export function blockedEmission(emit: Emitter, block: number, assignment: Assignment): Emission {
  const held = new Map<Value, Map<Layout, TensorName>>();

  /** The tensor in a layout, converted once where it lies in another. */
  function tensorIn(value: Value, layout: Layout): TensorName {
    const names = held.get(value)!;
    const known = names.get(layout);
    if (known !== undefined) return known;
    const [from, tensor] = [...names][0]!;
    const converted = convert({ emit, block }, tensor, value.shape, from, layout);
    names.set(layout, converted);
    return converted;
  }

  const tensorOf = (value: Value): TensorName => tensorIn(value, "plain");
  return {
    hold: (value, name) => void held.set(value, new Map([["plain", name]])),
    compute(value) {
      const { layout, operands, emit: emitBy } = assignment.get(value)!;
      const { inputs, params } = value.source;
      const name =
        emitBy === "portable"
          ? applyRule(portableRules, value, emit, tensorOf)
          : emitBy({
              emit,
              block,
              inputs: inputs.map((input, at) => tensorIn(input, operands[at]!)),
              types: inputs,
              output: value,
              params,
            });
      held.set(value, new Map([[layout, name]]));
    },
    tensorOf,
  };
}
