import { toBinary } from "@bufbuild/protobuf";
import type { Tensor } from "../../core/index.js";
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto } from "../proto/onnx_pb.js";
import { decodeTensor, encodeTensor } from "../tensor-proto.js";
import { decodeModel } from "../to-onnx.js";

/** A change of a model's graph, in place. */
export type Edit = (graph: GraphProto) => void;

/**
 * The bytes of an `.onnx` file with changes made one after the other. What no change touches stays as it is: names, free
 * sizes, operators, operator sets.
 *
 * @throws DataError if the bytes are no `.onnx` file.
 * @example
 * const trained = editOnnx(bytes, toEvaluationForm, replaceTensors(weights), foldBatchNorms);
 */
export function editOnnx(bytes: Uint8Array, ...edits: readonly Edit[]): Uint8Array {
  const model: ModelProto = decodeModel(bytes);
  for (const edit of edits) edit(model.graph!);
  return toBinary(ModelProtoSchema, model);
}

/** A tensor that a graph holds, as an initializer or in a `Constant` node; undefined if it is computed. */
export function heldTensor(graph: GraphProto, name: string): Tensor | undefined {
  const initializer = graph.initializer.find((held) => held.name === name);
  if (initializer) return decodeTensor(initializer);
  const constant = graph.node.find(({ opType, output }) => opType === "Constant" && output[0] === name);
  const value = constant?.attribute.find((attribute) => attribute.name === "value")?.t;
  return value && decodeTensor(value);
}

/** Holds a tensor under a name, in place of one that has it. */
export function holdTensor(graph: GraphProto, name: string, tensor: Tensor): void {
  const proto = encodeTensor(name, tensor);
  const at = graph.initializer.findIndex((held) => held.name === name);
  if (at >= 0) {
    graph.initializer[at] = proto;
    return;
  }
  graph.node = graph.node.filter(({ opType, output }) => opType !== "Constant" || output[0] !== name);
  graph.initializer.push(proto);
}

/** Replaces tensors that a model holds, by name. */
export function replaceTensors(tensors: Readonly<Record<string, Tensor>>): Edit {
  return (graph) => {
    for (const [name, tensor] of Object.entries(tensors)) holdTensor(graph, name, tensor);
  };
}

/** Takes away the initializers that nothing uses any more, and their entries among the inputs that old files have. */
export const dropUnused: Edit = (graph) => {
  const used = new Set([
    ...graph.node.flatMap(({ input }) => input),
    ...graph.output.map(({ name }) => name),
    ...graph.node.flatMap(({ attribute }) => attribute.flatMap(({ g, graphs }) => [g, ...graphs].flatMap(namesIn))),
  ]);
  const gone = new Set(graph.initializer.flatMap(({ name }) => (used.has(name) ? [] : [name])));
  graph.initializer = graph.initializer.filter(({ name }) => !gone.has(name));
  graph.input = graph.input.filter(({ name }) => !gone.has(name));
};

/** Every name that a nested graph mentions. */
function namesIn(graph: GraphProto | undefined): string[] {
  return (
    graph?.node.flatMap(({ input, attribute }) => [
      ...input,
      ...attribute.flatMap(({ g, graphs }) => [g, ...graphs].flatMap(namesIn)),
    ]) ?? []
  );
}

/** An integer attribute of a node. */
export function integerOf({ attribute }: NodeProto, name: string, standard: number): number {
  const found = attribute.find((each) => each.name === name);
  return found ? Number(found.i) : standard;
}

/** A floating-point attribute of a node. */
export function floatOf({ attribute }: NodeProto, name: string, standard: number): number {
  return attribute.find((each) => each.name === name)?.f ?? standard;
}
