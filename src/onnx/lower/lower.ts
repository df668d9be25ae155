import { create } from "@bufbuild/protobuf";
import { expectation, InvalidArgumentError, sameShape, type Tensor } from "../../core/index.js";
import { neededValues, type Program, type Tensors, type Value } from "../../graph/index.js";
import { type GraphProto, GraphProtoSchema, type NodeProto } from "../proto/onnx_pb.js";
import { valueInfo } from "../value-info.js";
import { Emitter, type TensorName } from "./emitter.js";
import type { AppliedValue, Lowering } from "./lowering.js";

/** Options of {@link lower}. */
export interface LowerOptions {
  /** Inputs that become part of the graph, by name; the rest stay inputs. */
  readonly constants?: Tensors;
  /**
   * Leaves the first size of inputs and outputs free, called `batch`. For programs that treat each element of the batch
   * alike, whatever their number, such as inference.
   */
  readonly freeBatch?: boolean;
}

/** Name of the output that holds the new value of a state tensor. */
export const nextName = (input: string): string => `next/${input}`;

/**
 * A program in ONNX's operators. Inputs keep their names, where an output or an update depends on them; outputs keep
 * theirs; the new value of a state tensor is the output {@link nextName}.
 *
 * @throws InvalidArgumentError if an output is named like an input, or a constant has another shape than its input.
 */
export function lower(program: Program, lowering: Lowering, options: LowerOptions = {}): GraphProto {
  const { constants = {}, freeBatch = false } = options;
  const results: Record<string, Value> = { ...program.outputs };
  for (const [name, value] of Object.entries(program.updates ?? {})) results[nextName(name)] = value;

  const emit = lowering.emitter?.() ?? new Emitter();
  const values = neededValues(Object.values(results));
  const inputs = values.filter((value) => value.source.kind === "input" && !constants[value.source.name]);
  for (const input of inputs) emit.claim(inputName(input));
  for (const name of Object.keys(results)) {
    if (emit.claim(name) === name) continue;
    throw new InvalidArgumentError(
      expectation("program", "an output name that no input has", name, "rename the output"),
    );
  }

  const emission = lowering.begin(emit, values, new Set(Object.values(results)));
  for (const value of values) {
    if (isApplied(value)) {
      emit.enter(`${value.source.primitive.name}#${value.id}`);
      emission.compute(value);
    } else emission.hold(value, leaf(value, emit, constants));
  }
  const names = new Map(Object.entries(results).map(([name, value]) => [name, emission.tensorOf(value)]));
  nameResults(emit, names);
  return create(GraphProtoSchema, {
    name: "normwise",
    node: usedNodes(emit, Object.keys(results)),
    initializer: emit.initializers,
    input: inputs.map((value) => valueInfo(inputName(value), value, freeBatch)),
    output: Object.entries(results).map(([name, value]) => valueInfo(name, value, freeBatch)),
  });
}

const isApplied = (value: Value): value is AppliedValue => value.source.kind === "apply";

/** The tensor of an input or a constant. */
function leaf(value: Value, emit: Emitter, constants: Tensors): TensorName {
  const { source, dtype } = value;
  if (source.kind === "constant") return emit.constant(source.tensor, dtype);
  const name = inputName(value);
  const constant = constants[name];
  return constant ? emit.constant(checkedConstant(value, name, constant), dtype) : name;
}

const inputName = ({ source }: Value): string => (source as { readonly name: string }).name;

function checkedConstant(value: Value, name: string, constant: Tensor): Tensor {
  if (sameShape(constant.shape, value.shape)) return constant;
  const [expected, got] = [`shape [${value.shape}]`, `[${constant.shape}]`];
  throw new InvalidArgumentError(expectation(`constant ${name}`, expected, got, "give the tensor of this program"));
}

/** The nodes that a result depends on: where a rule says several applications by one node, those of the others may not be. */
function usedNodes({ nodes }: Emitter, results: readonly string[]): NodeProto[] {
  const used = new Set<TensorName>(results);
  const kept: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((output) => used.has(output))) continue;
    kept.push(node);
    for (const input of node.input) used.add(input);
  }
  return kept.reverse();
}

/**
 * Gives the results their names. The node that makes a result is told to call it so, which costs nothing; a result that
 * no node makes, or that has several names, needs a copy.
 */
function nameResults(emit: Emitter, results: ReadonlyMap<string, TensorName>): void {
  const made = new Set(emit.nodes.flatMap((node) => node.output));
  const renamed = new Map<TensorName, string>();
  const copied: [name: string, from: TensorName][] = [];
  for (const [name, from] of results) {
    if (made.has(from) && !renamed.has(from)) renamed.set(from, name);
    else copied.push([name, from]);
  }
  const rename = (name: TensorName): TensorName => renamed.get(name) ?? name;
  for (const node of emit.nodes) {
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
  }
  emit.enter("output");
  for (const [name, from] of copied) emit.copy(rename(from), name);
}
