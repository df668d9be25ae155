import type { ParamsOf, PrimitiveName, Value, ValueType } from "../../graph/index.js";
import type { Emitter, TensorName } from "./emitter.js";

/** What a rule is given to lower one application of a primitive. */
export interface RuleContext<P extends object = object> {
  readonly emit: Emitter;
  /** The operands' tensors in the ONNX graph. */
  readonly inputs: readonly TensorName[];
  /** The operands' shapes and dtypes. */
  readonly types: readonly ValueType[];
  readonly output: ValueType;
  readonly params: P;
  /** The operands themselves, for a rule that says several applications by one node. */
  readonly operands: readonly Value[];
  /** The tensor of a value that the output depends on. */
  nameOf(value: Value): TensorName;
}

/** Emits what computes an application of a primitive, and returns the tensor that holds the result. */
export type Rule<P extends object = object> = (context: RuleContext<P>) => TensorName;

/** A rule for each primitive: one way to say a graph in ONNX. */
export interface Lowering {
  /** For logs. */
  readonly name: string;
  readonly rules: { readonly [N in PrimitiveName]: Rule<ParamsOf<N>> };
  /** Operator sets beside the standard one that the rules use, with their versions. */
  readonly domains?: Readonly<Record<string, number>>;
}

/** The rule for a value that is the application of a primitive. */
export function ruleFor({ rules }: Lowering, value: Value & { readonly source: { readonly kind: "apply" } }): Rule {
  return rules[value.source.primitive.name as PrimitiveName] as Rule;
}
