import { describe, expect, test } from "vitest";
import { InvalidArgumentError, randomStream, type Tensor, tensor } from "../../src/core/index.js";
import { groupNorms } from "../../src/dynamics/index.js";
import {
  foldedExport,
  guessInspection,
  type InspectedWeight,
  type Inspection,
  inspectGraph,
  inspectModel,
  invarianceOf,
  matchTensors,
} from "../../src/foreign/index.js";
import { candidateShapes } from "../../src/foreign/input-shapes.js";
import { groupsOf } from "../../src/foreign/weight-groups.js";
import { neededValues } from "../../src/graph/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";
import { readOnnx, toOnnx } from "../../src/onnx/index.js";
import { networkModel, smallLayers } from "./small-network.js";

const shape = [4, 3, 6, 6];
const normals = (key: string, of: readonly number[]): Tensor<"float32"> => {
  const random = randomStream(2, key);
  return tensor(
    Float32Array.from({ length: of.reduce((a, b) => a * b, 1) }, () => random.normal()),
    of,
  );
};
const weightOf = ({ weights }: Inspection, name: string): InspectedWeight =>
  weights.find((weight) => weight.name === name)!;
const inspect = (
  changed: Record<string, Tensor> = {},
  options: Parameters<typeof inspectGraph>[2] = {},
): Inspection => {
  const model = networkModel(smallLayers(), shape, changed);
  return inspectGraph(model, invarianceOf(model), options);
};

describe("norms", () => {
  test("are those of each channel", () => {
    const conv = normals("conv", [4, 6, 3, 3]);
    const { norm, normOf, count, size } = weightOf(inspect({ "3.weight": conv }), "3.weight");
    const each = [0, 1, 2, 3].map((c) => Math.hypot(...conv.data.subarray(c * 54, (c + 1) * 54))).sort((a, b) => a - b);
    expect([normOf, count, size]).toEqual(["channel", 4, 54]);
    expect(norm!.min).toBeCloseTo(each[0]!, 5);
    expect(norm!.median).toBeCloseTo((each[1]! + each[2]!) / 2, 5);
    expect(norm!.max).toBeCloseTo(each[3]!, 5);
  });

  test("are those of the whole tensor where only the whole can be scaled, with others", () => {
    const last = normals("last", [3, 4]);
    const { norm, normOf, count } = weightOf(inspect({ "7.weight": last }), "7.weight");
    expect([normOf, count]).toEqual(["tensor", 1]);
    expect(norm!.median).toBeCloseTo(Math.hypot(...last.data), 5);
  });

  test("follow the channels' axis and groups", () => {
    const weight = normals("axis", [2, 4, 3]);
    const found = { invariance: "head" as const, axis: 1, shape: weight.shape, groups: Int32Array.of(0, 1, 0, -1) };
    const expected = [[0, 2], [1]].map((channels) =>
      Math.hypot(
        ...channels.flatMap((c) => [0, 1].flatMap((o) => [0, 1, 2].map((i) => weight.data[(o * 4 + c) * 3 + i]!))),
      ),
    );
    const norms = groupNorms(weight, groupsOf(found));
    expect(norms).toHaveLength(2);
    norms.forEach((norm, i) => {
      expect(norm).toBeCloseTo(expected[i]!, 6);
    });
  });
});

describe("dead channels", () => {
  const conv = normals("dead", [4, 6, 3, 3]);
  test("have a norm below a millionth of the median", () => {
    const data = conv.data.slice();
    for (let i = 54; i < 108; i++) data[i]! *= 1e-7;
    for (let i = 0; i < 54; i++) data[i]! *= 0.5;
    expect(weightOf(inspect({ "3.weight": { ...conv, data } }), "3.weight").dead).toEqual([1]);
  });
  test("or a gain next to 0 behind them", () => {
    const gains = tensor([1, 1e-7, 0.5, 0], [4]);
    expect(weightOf(inspect({ "3.weight": conv, "4.weight": gains }), "3.weight").dead).toEqual([1, 3]);
  });
});

test("ε is set beside the running variance: ε/(σ² + ε) for each channel", () => {
  const found = weightOf(inspect({ "4.running_var": tensor([1, 1e-5, 9.99, 0.1], [4]) }), "3.weight");
  const share = (square: number): number => 1e-5 / (square + 1e-5);
  expect(found.epsilon!.epsilons).toMatchObject([{ epsilon: 1e-5, degree: 2 }]);
  expect(found.epsilon!.effect!.max / share(1e-5)).toBeCloseTo(1, 5);
  expect(found.epsilon!.effect!.min / share(9.99)).toBeCloseTo(1, 5);
  expect(weightOf(inspect(), "7.bias").epsilon).toBeUndefined();
});

describe("rates", () => {
  const sgd = { optimizer: "sgd", rate: 0.1, weightDecay: 1e-3, momentum: 0.9 } as const;
  test("are η/((1 − μ)‖w‖²) of weights that are invariant alone", () => {
    const inspection = inspect({}, { optimizer: sgd });
    const { rate, norm } = weightOf(inspection, "3.weight");
    expect(rate!.max * norm!.min ** 2).toBeCloseTo(1, 9);
    for (const name of ["0.bias", "7.weight", "7.bias"]) expect(weightOf(inspection, name).rate).toBeUndefined();
    expect(inspection.equilibrium!.relaxationSteps).toBeCloseTo(0.1 / (4 * 1e-4), 6);
    expect(inspection.equilibrium!.rotation).toBeCloseTo(Math.sqrt(2e-4 / 1.9), 9);
  });
  test("AdamW's equilibrium norm is √(ηC/(2λ)) with a channel's C", () => {
    const inspection = inspect({}, { optimizer: { optimizer: "adamw", rate: 1e-3, weightDecay: 0.1 } });
    expect(weightOf(inspection, "3.weight").equilibriumNorm).toBeCloseTo(Math.sqrt((1e-3 * 54) / 0.2), 9);
    expect(weightOf(inspection, "7.weight").equilibriumNorm).toBeUndefined();
  });
  test("there are none without decay to settle at, and none without an optimizer", () => {
    expect(inspect({}, { optimizer: { ...sgd, weightDecay: 0 } }).equilibrium).toBeUndefined();
    expect(weightOf(inspect(), "3.weight").rate).toBeUndefined();
    expect(() => inspect({}, { optimizer: { ...sgd, momentum: 1 } })).toThrow(InvalidArgumentError);
  });
});

test("an ONNX file is inspected as the network that it was made of", () => {
  const conv = (channels: number) => conv2d(channels, { bias: false });
  const layers = sequential(conv(6), batchNorm(), relu(), conv(4), batchNorm(), globalAveragePool(), linear(3));
  // Our own files do not keep the names; random vectors make norms that tell the weights apart.
  const sizes = { "1.weight": 6, "1.bias": 6, "4.weight": 4, "4.bias": 4, "6.bias": 3 };
  const changed = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, normals(name, [size])]));
  const model = networkModel(layers, shape, changed);
  const y = model.outputs.output!;
  const names = neededValues([y]).flatMap(({ source }) => (source.kind === "input" ? [source.name] : []));
  const constants = Object.fromEntries(names.filter((name) => name !== "x").map((name) => [name, model.read(name)!]));
  const found = inspectModel(readOnnx(toOnnx({ graph: model.graph, outputs: { y } }, { constants })));
  const verdicts = ({ weights }: Inspection) =>
    weights.map(({ invariance, normOf, norm }) => `${invariance} ${normOf} ${norm!.median.toPrecision(4)}`).sort();
  expect(verdicts(found)).toEqual(verdicts(inspectGraph(model, invarianceOf(model))));
  expect(verdicts(found).filter((verdict) => verdict.startsWith("channel"))).toHaveLength(2);
  expect(found.unknown).toEqual([]);
});

describe("weights without a graph", () => {
  const bn = (name: string, channels: number) => ({
    [`${name}.weight`]: normals(`${name}.weight`, [channels]),
    [`${name}.bias`]: normals(`${name}.bias`, [channels]),
    [`${name}.running_mean`]: normals(`${name}.mean`, [channels]),
    [`${name}.running_var`]: normals(`${name}.var`, [channels]),
  });
  const tensors = {
    "conv1.weight": normals("a", [8, 3, 3, 3]),
    ...bn("bn1", 8),
    "layer.0.weight": normals("b", [4, 8, 1, 1]),
    ...bn("layer.1", 4),
    "dense.norm1.weight": normals("n", [4]),
    ...bn("dense.norm1", 4),
    "dense.conv1.weight": normals("c", [16, 4, 1, 1]),
    ...bn("dense.norm2", 16),
    "dense.conv2.weight": normals("d", [6, 16, 3, 3]),
    "fc.weight": normals("e", [10, 6]),
    "fc.bias": normals("f", [10]),
    num_batches_tracked: tensor([3], [], "int64"),
  };
  test("get guesses by name and shape, called guesses", () => {
    const { weights, notes } = guessInspection(tensors, { optimizer: { optimizer: "sgd", rate: 0.1, weightDecay: 0 } });
    const verdicts = Object.fromEntries(weights.map(({ name, invariance }) => [name, invariance]));
    expect(verdicts).toMatchObject({
      "conv1.weight": "channel",
      "layer.0.weight": "channel",
      "dense.conv1.weight": "channel",
      "dense.conv2.weight": "none",
      "fc.weight": "none",
      "bn1.weight": "none",
    });
    expect(verdicts).not.toHaveProperty("num_batches_tracked");
    expect(weights.every(({ guess }) => guess === true)).toBe(true);
    expect(notes.join()).toContain("guess");
    expect(weights.find(({ name }) => name === "conv1.weight")!.rate!.median).toBeGreaterThan(0);
  });

  test("are matched with a graph's by name, wrappers and transposition aside", () => {
    const wanted = [
      { name: "conv1.weight", shape: [8, 3, 3, 3] },
      { name: "fc.weight", shape: [6, 10] },
      { name: "gone", shape: [2] },
      { name: "fc.bias", shape: [9] },
    ];
    const wrapped = Object.fromEntries(Object.entries(tensors).map(([name, value]) => [`module.${name}`, value]));
    const { tensors: matched, missing, unused } = matchTensors(wanted, wrapped);
    expect(missing).toEqual(["gone", "fc.bias"]);
    expect(unused).toContain("module.fc.bias");
    const turned = matched.get("fc.weight")!;
    expect(turned.shape).toEqual([6, 10]);
    expect(Number(turned.data[1])).toBe(tensors["fc.weight"].data[6]);
  });
});

test("shapes to try for inputs: small images, then a small batch, then what the model states", () => {
  const image = { name: "x", dtype: "float32" as const, shape: ["N", 3, 224, 224] };
  const shapes = (options: Parameters<typeof candidateShapes>[1]) =>
    candidateShapes([image], options).map(({ x }) => x);
  expect(shapes({ batch: 4, imageSize: 64 })).toEqual([
    [4, 3, 64, 64],
    [2, 3, 224, 224],
  ]);
  expect(candidateShapes([{ ...image, shape: [1, 3, 32, 32] }]).map(({ x }) => x)).toEqual([
    [2, 3, 32, 32],
    [1, 3, 32, 32],
  ]);
  const several = { ...image, shape: [3, 3, 32, 32] }; // means over them may be sums times 1/3
  expect(candidateShapes([several], { batch: 4, imageSize: 64 }).map(({ x }) => x)).toEqual([[3, 3, 32, 32]]);
  const tokens = { name: "ids", dtype: "int64" as const, shape: ["batch", "sequence"] };
  expect(candidateShapes([tokens])[0]).toEqual({ ids: [2, 16] });
  expect(shapes({ given: { x: [1, 3, 96, 96] } })).toEqual([[1, 3, 96, 96]]);
  expect(() => shapes({ given: { y: [1] } })).toThrow(/--input-shape: expected an input of the model \(x\), got y/);
  expect(() => shapes({ given: { x: [1, 3] } })).toThrow(/--input-shape x: expected 4 sizes/);
  expect(() => candidateShapes([{ name: "x", dtype: "float32" }])).toThrow(/state one, such as --input-shape x=/);
});

describe("a folded export", () => {
  const node = (operator: string, inputs: readonly string[]) => ({
    ...{ name: operator, operator, domain: "", inputs, outputs: [], attributes: new Map() },
  });
  const file = (nodes: ReturnType<typeof node>[], producer = "pytorch") => ({
    ...{ opset: 13, producer, inputs: [], outputs: [], initializers: new Map(), nodes, stated: new Map() },
    unreadable: new Map(),
  });
  const folded = [
    node("Conv", ["x", "onnx::Conv_193", "b"]),
    node("Relu", ["y"]),
    node("Conv", ["z", "onnx::Conv_196", "c"]),
  ];
  test("is told by its anonymous weights and biases, and how to export instead", () => {
    expect(foldedExport(file(folded))).toMatch(/folded into 2 convolutions.*TrainingMode\.TRAINING/);
  });
  test("is only suspected where the weights have names", () => {
    const named = [node("Conv", ["x", "w", "b"]), node("Relu", ["y"]), node("Conv", ["z", "v", "c"])];
    expect(foldedExport(file(named))).toMatch(/either it never had batch-norms, or/);
  });
  test("is not seen in a model that normalizes, has no biases, or is not PyTorch's", () => {
    expect(foldedExport(file([...folded, node("BatchNormalization", [])]))).toBeUndefined();
    expect(foldedExport(file([...folded, node("ReduceMean", []), node("Sqrt", [])]))).toBeUndefined();
    expect(foldedExport(file([node("Conv", ["x", "w"]), node("Conv", ["x", "w"]), node("Relu", [])]))).toBeUndefined();
    expect(foldedExport(file(folded, "tf2onnx"))).toBeUndefined();
  });
  test("of ours sends to the run folder", () => {
    expect(foldedExport(file([], "normwise"))).toMatch(/Inspect the run's folder/);
  });
});
