import { create, toBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import { type Tensor, tensor } from "../../src/core/index.js";
import { Emitter, type TensorName } from "../../src/onnx/lower/emitter.js";
import { GraphProtoSchema, ModelProtoSchema } from "../../src/onnx/proto/onnx_pb.js";
import { irVersion, opset } from "../../src/onnx/to-onnx.js";
import { valueInfo } from "../../src/onnx/value-info.js";

/** Runs a piece of an ONNX graph, as an emission function writes it, in ONNX Runtime. */
export async function runEmitted(
  inputs: Readonly<Record<string, Tensor<"float32">>>,
  build: (emit: Emitter) => Readonly<Record<string, TensorName>>,
  emit = new Emitter(),
): Promise<Record<string, Tensor<"float32">>> {
  for (const name of Object.keys(inputs)) emit.claim(name);
  const results = build(emit);
  const domains = [...new Set(emit.nodes.map(({ domain }) => domain))].filter((domain) => domain !== "");
  const outputs = Object.values(results);
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    opsetImport: [{ domain: "", version: BigInt(opset) }, ...domains.map((domain) => ({ domain, version: 1n }))],
    graph: create(GraphProtoSchema, {
      name: "emitted",
      node: emit.nodes,
      initializer: emit.initializers,
      input: Object.entries(inputs).map(([name, { shape, dtype }]) => valueInfo(name, { shape, dtype }, false)),
      output: outputs.map((name) => create(GraphProtoSchema, { output: [{ name }] }).output[0]!),
    }),
  });
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, model), {
    graphOptimizationLevel: "disabled",
    enableMemPattern: false,
    intraOpNumThreads: 2,
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [name, new ort.Tensor("float32", data, shape)]),
  );
  const found = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([key, name]) => {
      const { data, dims } = found[name]!;
      return [key, tensor(data as Float32Array, dims)];
    }),
  );
}
