import type { Attributes } from "../attributes.js";
import type { Rule } from "../lowering.js";

/** The rule of a primitive that is one ONNX operator on the same operands. */
export const operator =
  (name: string, attributes: Attributes = {}): Rule =>
  ({ emit, inputs }) =>
    emit.op(name, inputs, attributes);
