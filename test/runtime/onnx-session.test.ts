import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ExecutionError, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { decodeModel, toOnnx } from "../../src/onnx/index.js";
import { ModelProtoSchema, TensorShapeProto_DimensionSchema } from "../../src/onnx/proto/onnx_pb.js";
import { onnxSession } from "../../src/runtime/node/index.js";

/** y = x · w with w inside. */
function model(): Uint8Array {
  const graph = new g.Graph();
  const y = g.matmul(graph.input("x", [2, 3]), graph.input("w", [3, 1]));
  return toOnnx({ graph, outputs: { y } }, { constants: { w: tensor([1, 10, 100], [3, 1]) } });
}

describe("onnxSession", () => {
  it("runs a saved model by names, and says what it takes and gives", async () => {
    const session = await onnxSession(model(), { threads: 1 });
    expect([...session.inputs]).toEqual([["x", { dtype: "float32", shape: [2, 3] }]]);
    expect([...session.outputs]).toEqual([["y", { dtype: "float32", shape: [2, 1] }]]);
    const { y } = await session.run({ x: tensor([1, 2, 3, 4, 5, 6], [2, 3], "float64") });
    expect(y).toEqual(tensor([321, 654], [2, 1]));
    await expect(session.run({})).rejects.toThrow("a tensor [2,3] for input x");
    await session.close();
  });

  it("lets free sizes be anything", async () => {
    const decoded = decodeModel(model());
    for (const info of [...decoded.graph!.input, ...decoded.graph!.output]) {
      const { shape } = info.type!.value.value as { shape: { dim: unknown[] } };
      shape.dim[0] = create(TensorShapeProto_DimensionSchema, { value: { case: "dimParam", value: "batch" } });
    }
    const session = await onnxSession(toBinary(ModelProtoSchema, decoded), { threads: 1 });
    expect(session.inputs.get("x")!.shape).toEqual(["batch", 3]);
    const { y } = await session.run({ x: tensor([1, 2, 3], [1, 3]) });
    expect(y).toEqual(tensor([321], [1, 1]));
    await expect(session.run({ x: tensor([1, 2], [1, 2]) })).rejects.toThrow("input x of shape [batch,3], got [1,2]");
    await session.close();
  });

  it("refuses bytes that are no model", async () => {
    await expect(onnxSession(Uint8Array.of(1, 2, 3), { threads: 1 })).rejects.toThrow(ExecutionError);
  });
});
