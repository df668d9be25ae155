import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { editOnnx, readOnnx, replaceHead, restateSizes } from "../../src/onnx/index.js";
import { type GraphProto, TensorShapeProto_DimensionSchema } from "../../src/onnx/proto/onnx_pb.js";

// Edits that change what a model takes and gives, on networks that PyTorch exported (test/goldens/foreign-training/small.py).

const small = (name = "small"): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../goldens/foreign-training/${name}.onnx`, import.meta.url)));
const values = (_: string, shape: readonly number[], inputs: number): Float32Array =>
  new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1 / inputs);

describe("a new head", () => {
  it.each(["small", "small-softmax"])("replaces the last weight and bias of %s and restates the output", (name) => {
    const file = readOnnx(editOnnx(small(name), replaceHead(3, values)));
    expect(file.initializers.get("head.3.weight")!.shape).toEqual([3, 8]);
    expect(file.initializers.get("head.3.bias")!.shape).toEqual([3]);
    expect([...new Set(file.initializers.get("head.3.weight")!.read().data as Float32Array)]).toEqual([1 / 8]);
    expect(file.outputs[0]!.shape).toEqual(["batch", 3]);
    expect(file.nodes.map(({ operator }) => operator)).toEqual(
      readOnnx(small(name)).nodes.map(({ operator }) => operator),
    );
  });

  it("is refused where the output comes from something else, which is named", () => {
    const fromRelu = (graph: GraphProto): void => {
      graph.output[0]!.name = graph.node.find(({ opType }) => opType === "Relu")!.output[0]!;
    };
    expect(() => editOnnx(small(), fromRelu, replaceHead(3, values))).toThrow(
      /expected an output of a linear layer with a weight of its own, got Relu; replace the last layer/,
    );
    const twice = (graph: GraphProto): void => {
      const gemm = graph.node.find(({ opType }) => opType === "Gemm")!;
      graph.node.push({ ...gemm, name: "again", output: ["again"] });
    };
    expect(() => editOnnx(small(), twice, replaceHead(3, values))).toThrow(/a weight of its own/);
  });
});

describe("sizes that a model was used with", () => {
  const fixedAt =
    (...sizes: number[]) =>
    (graph: GraphProto): void => {
      for (const { type } of [graph.input[0]!, graph.output[0]!]) {
        const dims = type!.value.case === "tensorType" ? type!.value.value.shape!.dim : [];
        for (const [axis, size] of sizes.entries()) {
          const value = { case: "dimValue", value: BigInt(size) } as const;
          if (axis < dims.length && (axis === 0 || dims.length === 4)) {
            dims[axis] = create(TensorShapeProto_DimensionSchema, { value });
          }
        }
      }
    };

  it("take the place of others that the file fixed; the batch becomes free", () => {
    const file = readOnnx(editOnnx(small(), fixedAt(2, 3, 16, 16), restateSizes([4, 3, 28, 28])));
    expect(file.inputs[0]!.shape).toEqual(["batch", 3, 28, 28]);
    expect(file.outputs[0]!.shape).toEqual(["batch", 10]);
  });

  it("leave free sizes, and those that were kept, as they are", () => {
    const free = readOnnx(editOnnx(small(), restateSizes([4, 3, 28, 28])));
    expect(free.inputs).toEqual(readOnnx(small()).inputs);
    const same = readOnnx(editOnnx(small(), fixedAt(4, 3, 28, 28), restateSizes([4, 3, 28, 28])));
    expect(same.inputs[0]!.shape).toEqual([4, 3, 28, 28]);
  });
});
