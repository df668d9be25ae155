import type { ParamsOf, PrimitiveName, Program, Value, ValueType } from "../../graph/index.js";
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

/** A rule for each primitive. */
export type Rules = { readonly [N in PrimitiveName]: Rule<ParamsOf<N>> };

/** Says the values of one program in ONNX, in the order in which they are given. */
export interface Emission {
  /** Takes the tensor of an input or a constant. */
  hold(value: Value, name: TensorName): void;
  /** Emits what computes the application of a primitive. */
  compute(value: AppliedValue): void;
  /** The tensor of a value, row-major. */
  tensorOf(value: Value): TensorName;
}

/** A value that is the application of a primitive. */
export type AppliedValue = Value & { readonly source: { readonly kind: "apply" } };

/** One way to say a graph in ONNX. */
export interface Lowering {
  /** For logs. */
  readonly name: string;
  /** Operator sets beside the standard one that are used, with their versions. */
  readonly domains?: Readonly<Record<string, number>>;
  /** Whether all sizes are written into the graph, so that its batch cannot be left free; false by default. */
  readonly fixesBatch?: boolean;
  /** The program as it is emitted; as it is by default. */
  readonly prepare?: (program: Program) => Program;
  /** Makes what collects the nodes; an {@link Emitter} by default. */
  readonly emitter?: () => Emitter;
  /** Begins with the values that are needed, each after its operands; `results` are those that are wanted in the end. */
  begin(emit: Emitter, values: readonly Value[], results: ReadonlySet<Value>): Emission;
}

/** Emits an application by the rule of its primitive. */
export function applyRule(
  rules: Rules,
  value: AppliedValue,
  emit: Emitter,
  tensorOf: (value: Value) => TensorName,
): TensorName {
  const { inputs, params, primitive } = value.source;
  const rule = rules[primitive.name as PrimitiveName] as Rule;
  return rule({
    emit,
    inputs: inputs.map(tensorOf),
    types: inputs,
    output: value,
    params,
    operands: inputs,
    nameOf: tensorOf,
  });
}
