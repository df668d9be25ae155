import { create, toBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import type { DType, Tensor } from "../../src/core/index.js";
import { Graph, initialTensors, Scope, type Tensors } from "../../src/graph/index.js";
import {
  dataTypeOf,
  encodeTensor,
  type ImportedGraph,
  type ImportOptions,
  importOnnx,
  readOnnx,
} from "../../src/onnx/index.js";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../../src/onnx/proto/onnx_pb.js";

/** An attribute's value; numbers are integers unless they say otherwise. */
export type TestAttribute =
  | number
  | string
  | readonly number[]
  | Tensor
  | { readonly float: number }
  | { readonly floats: readonly number[] };

const { FLOAT, FLOATS, INT, INTS, STRING, TENSOR } = AttributeProto_AttributeType;

function attribute(name: string, value: TestAttribute): AttributeProto {
  const fields = (): object => {
    if (typeof value === "number") return { type: INT, i: BigInt(value) };
    if (typeof value === "string") return { type: STRING, s: new TextEncoder().encode(value) };
    if ("float" in value) return { type: FLOAT, f: value.float };
    if ("floats" in value) return { type: FLOATS, floats: [...value.floats] };
    if ("dtype" in value) return { type: TENSOR, t: encodeTensor("", value) };
    return { type: INTS, ints: value.map(BigInt) };
  };
  return create(AttributeProtoSchema, { name, ...fields() });
}

/** A node of a test's model. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, TestAttribute>> = {},
  name = "",
): NodeProto {
  const given = Object.entries(attributes).map(([key, value]) => attribute(key, value));
  return create(NodeProtoSchema, { opType, input: [...input], output: [...output], attribute: given, name });
}

/** What a test's model is made of. */
export interface TestModel {
  /** 17 by default. */
  readonly opset?: number;
  /** Types of the inputs: tensors of their shapes, or names for free sizes. */
  readonly inputs?: Readonly<Record<string, { readonly dtype: DType; readonly shape: readonly (number | string)[] }>>;
  readonly initializers?: Tensors;
  readonly nodes: readonly NodeProto[];
  /** Outputs and their dtypes. */
  readonly outputs: Readonly<Record<string, DType>>;
}

function port(name: string, dtype: DType, shape?: readonly (number | string)[]): ValueInfoProto {
  const dim = shape?.map((size) => ({
    value:
      typeof size === "number"
        ? { case: "dimValue" as const, value: BigInt(size) }
        : { case: "dimParam" as const, value: size },
  }));
  const type = { elemType: dataTypeOf[dtype], ...(dim ? { shape: { dim } } : {}) };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: type } } });
}

/** The bytes of an `.onnx` file. */
export function onnxBytes({ opset = 17, inputs = {}, initializers = {}, nodes, outputs }: TestModel): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: "test",
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      graph: {
        name: "test",
        node: [...nodes],
        initializer: Object.entries(initializers).map(([name, tensor]) => encodeTensor(name, tensor)),
        input: Object.entries(inputs).map(([name, { dtype, shape }]) => port(name, dtype, shape)),
        output: Object.entries(outputs).map(([name, dtype]) => port(name, dtype)),
      },
    }),
  );
}

/** What ONNX Runtime itself makes of a file. */
export async function runByOnnxRuntime(bytes: Uint8Array, feeds: Tensors): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const given = Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
    name,
    new ort.Tensor(dtype as "float32", data as Float32Array, shape),
  ]);
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type as DType, shape: dims, data: data as Float32Array },
    ]),
  );
}

/** A file's model in a graph of its own. */
export function imported(
  bytes: Uint8Array,
  feeds: Tensors,
  options: Partial<ImportOptions> & { readonly training?: boolean } = {},
): ImportedGraph & { readonly scope: Scope } {
  const { training = false, ...rest } = options;
  const scope = new Scope(new Graph(), { training });
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, dtype }]) => [name, scope.graph.input(`input/${name}`, shape, dtype)]),
  );
  return { ...importOnnx(readOnnx(bytes), scope, { inputs, ...rest }), scope };
}

/** What an imported model is to be fed: the inputs, and its parameters and buffers as the file has them. */
export function feedsOf(scope: Scope, feeds: Tensors): Record<string, Tensor> {
  return {
    ...Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [`input/${name}`, tensor])),
    ...initialTensors(scope, 0),
  };
}
