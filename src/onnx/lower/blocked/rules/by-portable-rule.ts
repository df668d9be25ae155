import type { PrimitiveName } from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import type { Rule } from "../../lowering.js";
import { portableRules } from "../../portable/index.js";
import type { EmitContext } from "../layout/implementation.js";

/** The portable rule of a primitive, for those that look at nothing but their operands' tensors and types. */
export function byPortableRule(name: PrimitiveName, context: EmitContext): TensorName {
  const rule = portableRules[name] as Rule;
  const nameOf = (): never => {
    throw new Error(`${name} looks at its operands`);
  };
  return rule({ ...context, operands: [], nameOf });
}
