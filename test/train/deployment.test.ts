import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { arrays } from "../../src/data/index.js";
import { translateSchedule } from "../../src/dynamics/index.js";
import type { Layer } from "../../src/graph/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import {
  batchNorm,
  boundedWeightNorm,
  forcedWeightNorm,
  ghostBatchNorm,
  l1,
  lInf,
  lp,
  range,
  topK,
  type WeightNorm,
  weightNorm,
  weightStandardization,
} from "../../src/norm/index.js";
import { ModelProtoSchema } from "../../src/onnx/proto/onnx_pb.js";
import { exactSchedule, sgd } from "../../src/optim/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import {
  evaluator,
  type ImageNetwork,
  type TrainingResult,
  train,
  trainedModel,
  trainingNormalization,
} from "../../src/train/index.js";
import { relativeDistance } from "../support/layers.js";

const random = randomStream(5, "deployment");
const images = Float32Array.from({ length: 32 * 2 * 36 }, () => 3 * random.normal() + 1);
const data = arrays({ images, labels: Array.from({ length: 32 }, (_, i) => i % 3), shape: [2, 6, 6] });
const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** Six steps, so that running statistics and gains are no longer where they began. */
const trained = (network: Layer): Promise<TrainingResult> =>
  train({ network, data, runtime, epochs: 3, batch: 16, learningRate: 0.05, optimizer: sgd() });

/** What a file of the model gives in plain ONNX Runtime. */
async function logitsOf(onnx: Uint8Array): Promise<number[]> {
  const session = await InferenceSession.create(onnx);
  const { logits } = await session.run({ images: new OrtTensor("float32", images, [32, 2, 6, 6]) });
  await session.release();
  return Array.from(logits!.data as Float32Array);
}

const operators = (onnx: Uint8Array): string[] => fromBinary(ModelProtoSchema, onnx).graph!.node.map((n) => n.opType);

/** Kinds of nodes, but those that normalize the pixels, pool, reshape and add biases. */
const layersIn = (onnx: Uint8Array): string[] =>
  operators(onnx).filter((operator) => !["Sub", "Div", "Mul", "Reshape", "ReduceSum", "Add"].includes(operator));

const normed = (norm: () => Layer): Layer =>
  sequential(
    conv2d(4),
    norm(),
    relu(),
    conv2d(5, { bias: false }),
    norm(),
    relu(),
    globalAveragePool(),
    linear(6),
    norm(),
    linear(3),
  );

describe.each<[string, () => Layer]>([
  ["l2", () => batchNorm()],
  ["l1", () => batchNorm({ metric: l1() })],
  ["lInf", () => batchNorm({ metric: lInf() })],
  ["topK(10)", () => batchNorm({ metric: topK() })],
  ["lp(3)", () => batchNorm({ metric: lp(3) })],
  ["range", () => batchNorm({ metric: range() })],
  ["not centred", () => batchNorm({ centre: false })],
  ["without γ and β", () => batchNorm({ affine: false })],
  ["ghost batches", () => ghostBatchNorm({ size: 8 })],
])("folding batch-norm, %s", (_, norm) => {
  it("leaves convolutions and linear layers with biases, and the same outputs", async () => {
    const { model, close } = await trained(normed(norm));
    const [plain, folded] = [await model.toOnnx(), await model.toOnnx({ fold: true })];
    const expected = await logitsOf(plain);
    expect(relativeDistance(await logitsOf(folded), expected)).toBeLessThan(1e-5);
    expect(relativeDistance(Array.from(await model.logits(images)), expected)).toBeLessThan(1e-5);
    expect(layersIn(folded)).toEqual(["Conv", "Relu", "Conv", "Relu", "MatMul", "MatMul"]);
    expect(operators(folded).filter((operator) => operator === "Div" || operator === "Sqrt")).toEqual(["Div"]); // pixels
    expect(operators(plain).length).toBeGreaterThan(operators(folded).length);
    await close();
  });
});

const withWeightNorm = (norm?: WeightNorm): Layer => {
  const option = norm ? { weightNorm: norm } : {};
  return sequential(
    conv2d(4, option),
    relu(),
    conv2d(5, { ...option, bias: false }),
    batchNorm(),
    relu(),
    globalAveragePool(),
    linear(3, option),
  );
};

describe.each<[string, WeightNorm]>([
  ["weightNorm", weightNorm()],
  ["weightNorm per layer, l1", weightNorm({ per: "layer", metric: l1() })],
  ["boundedWeightNorm", boundedWeightNorm()],
  ["boundedWeightNorm per channel, lInf", boundedWeightNorm({ per: "channel", metric: lInf() })],
  ["forcedWeightNorm", forcedWeightNorm()],
  ["weightStandardization", weightStandardization()],
])("removing %s", (_, norm) => {
  it("folds it into plain weights in the exported file", async () => {
    const { model, close } = await trained(withWeightNorm(norm));
    const [plain, folded] = [await model.toOnnx(), await model.toOnnx({ fold: true })];
    expect(relativeDistance(await logitsOf(folded), await logitsOf(plain))).toBeLessThan(1e-5);
    expect(layersIn(folded)).toEqual(["Conv", "Relu", "Conv", "Relu", "MatMul"]);
    await close();
  });

  it("gives the tensors of a network that is built without it", async () => {
    await expectPlainTensorsOf(await trained(withWeightNorm(norm)));
  });
});

it("plain weights of a standardized weight have the ε that follows its norm", async () => {
  const layers = withWeightNorm(weightStandardization({ epsilon: 0.1 }));
  const rates = new Array<number>(6).fill(0.05);
  const control = exactSchedule(translateSchedule({ rates, momentum: 0.9, weightDecay: 0.05 }));
  await expectPlainTensorsOf(
    await train({
      network: layers,
      data,
      runtime,
      epochs: 3,
      batch: 16,
      learningRate: 0.05,
      optimizer: sgd(),
      control,
    }),
  );
});

async function expectPlainTensorsOf({ model, close }: TrainingResult): Promise<void> {
  const expected = Array.from(await model.logits(images));
  const tensors = await model.plainTensors();
  await close();
  const state = await runtime.createState(tensors);
  const network: ImageNetwork = {
    network: withWeightNorm(),
    shape: data.shape,
    pixels: "float32",
    ...trainingNormalization(data),
  };
  const judge = await evaluator(runtime, network, 16);
  const copy = trainedModel({ network, state, runtime, judge, epsilonScale: 1, classes: data.classes });
  expect(Object.keys(tensors).filter((name) => /_[vg]$|_rho$/.test(name))).toEqual([]);
  expect(relativeDistance(Array.from(await copy.logits(images)), expected)).toBeLessThan(1e-5);
  await judge.close();
  await state.close();
}
