import { create, toBinary } from "@bufbuild/protobuf";
import type { ValueType } from "../../graph/index.js";
import { GraphProtoSchema, ModelProtoSchema } from "../proto/onnx_pb.js";
import { irVersion, opset } from "../to-onnx.js";
import { valueInfo } from "../value-info.js";
import type { Emitter, TensorName } from "./emitter.js";

/** What an emitter has collected, by itself, as the bytes of an `.onnx` file: for pieces of graphs that are no program's. */
export function emittedModel(
  { nodes, initializers }: Emitter,
  inputs: Readonly<Record<string, ValueType>>,
  outputs: readonly TensorName[],
): Uint8Array {
  const domains = new Set(nodes.map(({ domain }) => domain).filter((domain) => domain !== ""));
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    opsetImport: [{ domain: "", version: BigInt(opset) }, ...[...domains].map((domain) => ({ domain, version: 1n }))],
    graph: create(GraphProtoSchema, {
      name: "emitted",
      node: nodes,
      initializer: initializers,
      input: Object.entries(inputs).map(([name, type]) => valueInfo(name, type)),
      output: outputs.map((name) => ({ name })),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}
