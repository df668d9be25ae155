import { DataError, expectation } from "../../core/index.js";
import type { GraphProto, ModelProto, NodeProto } from "../proto/onnx_pb.js";
import { decodeModel } from "../to-onnx.js";
import { constantOf } from "./constant-node.js";
import type { OnnxFile, OnnxInitializer, OnnxNode } from "./onnx-file.js";
import { orderNodes } from "./order-nodes.js";
import { readAttributes } from "./read-attributes.js";
import { readModelPort, readPort } from "./read-port.js";
import { type ExternalData, readTensor, typeName } from "./read-tensor.js";

/** The versions of the standard operators that can be read. */
export const readableOpsets = { oldest: 11, newest: 22 } as const;

/** Options of {@link readOnnx}. */
export interface ReadOnnxOptions {
  /** Gives the data that the model keeps outside its file; without it, such a model is an error. */
  readonly external?: ExternalData;
  /** What errors call the file; `model` by default. */
  readonly where?: string;
}

/**
 * The model in the bytes of an `.onnx` file. Everything that the file claims is checked before it is relied on; weights
 * are read when they are asked for, out of `bytes`, which must stay as they are.
 *
 * @throws DataError for bytes that are no such file, an opset outside 11 to 22, names that are undefined or defined twice,
 *   nodes in a cycle, or a tensor whose data does not fit its shape.
 * @example
 * const file = readOnnx(await readFile("model.onnx"));
 */
export function readOnnx(bytes: Uint8Array, { external, where = "model" }: ReadOnnxOptions = {}): OnnxFile {
  const model = decoded(bytes, where);
  const graph = model.graph!;
  const initializers = new Map<string, OnnxInitializer>();
  const unreadable = new Map<string, string>();
  const add = (name: string, tensor: OnnxInitializer | string): void => {
    if (initializers.has(name) || unreadable.has(name)) {
      throw new DataError(expectation(`${where}: tensor ${name}`, "a name of its own", "a second tensor of that name"));
    }
    if (typeof tensor === "string") unreadable.set(name, tensor);
    else initializers.set(name, tensor);
  };
  for (const tensor of graph.initializer) {
    const { name, dataType } = tensor;
    add(name, readTensor(where, name, tensor, false, external) ?? `a tensor of ${typeName(dataType)}`);
  }
  for (const { values } of graph.sparseInitializer) add(values?.name ?? "", "a sparse tensor");

  const inputs = graph.input.filter(({ name }) => !initializers.has(name) && !unreadable.has(name));
  const nodes: OnnxNode[] = [];
  for (const [place, proto] of graph.node.entries()) {
    const constant = constantOf(where, proto, external);
    if (constant) add(proto.output[0] ?? "", constant);
    else nodes.push(readNode(where, proto, place));
  }
  const given = new Set([...initializers.keys(), ...unreadable.keys(), ...inputs.map(({ name }) => name)]);
  if (given.size < initializers.size + unreadable.size + inputs.length) {
    const twice = inputs.find(({ name }, at) => inputs.findIndex((other) => other.name === name) !== at);
    throw new DataError(expectation(where, "inputs with names of their own", twice?.name));
  }
  const ordered = orderNodes(where, nodes, given);
  const outputs = graph.output.map((info) => readModelPort(where, info));
  requireDefined(where, outputs, new Set([...given, ...ordered.flatMap((node) => node.outputs)]));
  return {
    opset: opsetOf(model, where),
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    inputs: inputs.map((info) => readModelPort(where, info)),
    outputs,
    initializers,
    unreadable,
    nodes: ordered,
    stated: statedPorts(where, graph),
  };
}

function decoded(bytes: Uint8Array, where: string): ModelProto {
  try {
    return decodeModel(bytes);
  } catch (cause) {
    throw new DataError(expectation(where, "an .onnx file", `${bytes.length} other bytes`, "check the path"), {
      cause,
    });
  }
}

function opsetOf({ opsetImport }: ModelProto, where: string): number {
  const { oldest, newest } = readableOpsets;
  const version = opsetImport.find(({ domain }) => isStandard(domain))?.version;
  const opset = Number(version ?? 0);
  if (opset >= oldest && opset <= newest) return opset;
  const fix = "export or convert it to a version among these";
  throw new DataError(
    expectation(where, `standard operators of opset ${oldest} to ${newest}`, version?.toString() ?? "none", fix),
  );
}

const isStandard = (domain: string): boolean => domain === "" || domain === "ai.onnx";

function readNode(where: string, proto: NodeProto, place: number): OnnxNode {
  const { opType, domain, input, output } = proto;
  const name = proto.name || `${opType}#${place}`;
  return {
    name,
    operator: opType,
    domain: isStandard(domain) ? "" : domain,
    inputs: input,
    outputs: output,
    attributes: readAttributes(`${where}: node ${name}`, proto),
  };
}

function requireDefined(where: string, outputs: OnnxFile["outputs"], defined: ReadonlySet<string>): void {
  const missing = outputs.find(({ name }) => !defined.has(name));
  if (missing)
    throw new DataError(expectation(where, "outputs that a node makes", missing.name, "the file is damaged"));
}

function statedPorts(where: string, { input, output, valueInfo }: GraphProto): OnnxFile["stated"] {
  const ports = [...input, ...output, ...valueInfo].flatMap((info) => readPort(where, info) ?? []);
  return new Map(ports.map((port) => [port.name, port]));
}
