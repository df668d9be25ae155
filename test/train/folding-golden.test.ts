import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { numbersOf, type Tensor, tensor } from "../../src/core/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import { batchNorm, weightNorm } from "../../src/norm/index.js";
import { decodeTensor } from "../../src/onnx/index.js";
import { ModelProtoSchema } from "../../src/onnx/proto/onnx_pb.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { exportOnnx, plainTensors } from "../../src/train/index.js";
import { relativeDistance } from "../support/layers.js";

interface Plain {
  readonly shape: number[];
  readonly data: number[];
}

const golden = JSON.parse(readFileSync(new URL("../goldens/fold/network.json", import.meta.url), "utf8")) as {
  readonly tensors: Record<string, Plain>;
  readonly images: Plain;
  readonly outputs: Plain;
  readonly fused: Record<string, Plain>;
  readonly removed: Record<string, Plain>;
};
const tensors: Record<string, Tensor> = Object.fromEntries(
  Object.entries(golden.tensors).map(([name, { shape, data }]) => [name, tensor(data, shape)]),
);

describe("a network of PyTorch's, folded", async () => {
  const runtime = nodeRuntime({ threads: 1 });
  const state = await runtime.createState(tensors);
  const weights = { weightNorm: weightNorm() };
  const network = {
    network: sequential(
      conv2d(4),
      batchNorm(),
      relu(),
      conv2d(5, { ...weights, bias: false }),
      batchNorm(),
      relu(),
      globalAveragePool(),
      linear(3, weights),
    ),
    shape: [2, 6, 6] as const,
    pixels: "float32" as const,
    mean: [0, 0],
    std: [1, 1],
  };
  const held = { network, state, runtime, epsilonScale: 1 };
  const onnx = await exportOnnx(held, { fold: true });
  const plain = await plainTensors(held);
  await runtime.close();

  it("gives PyTorch's outputs in plain ONNX Runtime", async () => {
    const session = await InferenceSession.create(onnx);
    const { shape, data } = golden.images;
    const { logits } = await session.run({ images: new OrtTensor("float32", Float32Array.from(data), shape) });
    await session.release();
    expect(relativeDistance(Array.from(logits!.data as Float32Array), golden.outputs.data)).toBeLessThan(1e-5);
  });

  it("has the weights and biases of fuse_conv_bn_eval", () => {
    const stored = fromBinary(ModelProtoSchema, onnx).graph!.initializer.map((each) => numbersOf(decodeTensor(each)));
    for (const [name, { data }] of Object.entries(golden.fused)) {
      const closest = stored
        .filter(({ length }) => length === data.length)
        .map((values) => relativeDistance(values, data));
      expect(Math.min(...closest), name).toBeLessThan(1e-5);
    }
  });

  it("without weight norms has the weights of remove_weight_norm", () => {
    for (const [name, { shape, data }] of Object.entries(golden.removed)) {
      expect(plain[name]!.shape).toEqual(shape);
      expect(relativeDistance(numbersOf(plain[name]!), data)).toBeLessThan(1e-6);
    }
  });
});
