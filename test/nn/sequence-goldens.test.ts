import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Shape, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import {
  add,
  div,
  Graph,
  gradients,
  mul,
  reshape,
  Scope,
  sliceAxis,
  type Tensors,
  total,
  type Value,
} from "../../src/graph/index.js";
import { decoderLayer, encoderLayer, reserved } from "../../src/models/index.js";
import { causalBias, countedLabels, lstm, paddingBias, smoothedCrossEntropy } from "../../src/nn/index.js";
import { convertTensor } from "../../src/onnx/index.js";
import { evaluate } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { expectClose } from "../support/compare.js";
import { uniformHashes } from "../support/golden-values.js";

// Against PyTorch in float64; how the goldens are made, and from what numbers, says make.py beside them.
interface Golden {
  readonly shape: Shape;
  readonly data: readonly number[];
}
interface GoldenCase {
  readonly outputs: Readonly<Record<string, Golden>>;
  readonly gradients: Readonly<Record<string, Golden>>;
}
const { cases } = JSON.parse(readFileSync(new URL("../goldens/sequences/golden.json", import.meta.url), "utf8")) as {
  readonly cases: Readonly<Record<string, GoldenCase>>;
};

const [rows, sourceLength, targetLength, width] = [2, 5, 4, 8];
const source = tensor([7, 5, 4, 2, 0, 3, 2, 0, 0, 0], [rows, sourceLength], "int32");
const options = { width, heads: 2, feedForward: 12, dropout: 0 };

type Build = (scope: Scope, input: (name: string, shape: Shape) => Value, tokens: Value) => Record<string, Value>;

const encoder =
  (preNorm: boolean): Build =>
  (scope, input, tokens) => {
    const layer = encoderLayer(scope, { ...options, preNorm });
    return { y: layer.apply(input("x", [rows, sourceLength, width]), paddingBias(tokens, reserved.pad)) };
  };

const decoder =
  (preNorm: boolean): Build =>
  (scope, input, tokens) => {
    const layer = decoderLayer(scope, { ...options, preNorm });
    const biases = { own: causalBias(scope.graph, targetLength), read: paddingBias(tokens, reserved.pad) };
    const memory = layer.remember(input("read", [rows, sourceLength, width]));
    return { y: layer.apply(input("x", [rows, targetLength, width]), memory, biases) };
  };

const loss =
  (smoothing: number): Build =>
  (_scope, input, tokens) => {
    const labels = reshape(tokens, [-1]);
    const counted = countedLabels(labels, reserved.pad);
    const losses = smoothedCrossEntropy(mul(input("logits", [rows * sourceLength, 9]), 4), labels, smoothing);
    return { loss: div(total(mul(losses, counted)), total(counted)) };
  };

const builds: Readonly<Record<string, Build>> = {
  "encoder-pre": encoder(true),
  "encoder-post": encoder(false),
  "decoder-pre": decoder(true),
  "decoder-post": decoder(false),
  lstm(scope, input) {
    const state = (name: string): Value => reshape(input(name, [1, rows, width]), [rows, width]);
    const layer = lstm(scope, 3, width);
    const { hidden, cell } = layer.run(input("x", [targetLength, rows, 3]), {
      hidden: state("hidden"),
      cell: state("cell"),
    });
    return { hidden, cell };
  },
  loss: loss(0),
  "loss-smoothed": loss(0.1),
};

/** PyTorch's name of a parameter: a layer of its LSTM has a number. */
const torchName = (name: string): string => (/^(weight|bias)_[ih]h$/.test(name) ? `${name}_l0` : name);

function buildGolden(name: string) {
  const golden = cases[name]!;
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  const feeds: Record<string, Tensor> = { source };
  const hashed = (key: string, shape: Shape, scale = 1, shift = 0): Tensor => {
    const data = uniformHashes(`${name}/${key}`, sizeOf(shape)).map((x) => x * scale + shift);
    return tensor(data, shape, "float64");
  };
  const inputs: Record<string, Value> = {};
  const outputs = builds[name]!(
    scope,
    (key, shape) => {
      feeds[key] = hashed(key, shape);
      inputs[key] = graph.input(key, shape);
      return inputs[key];
    },
    graph.input("source", source.shape, "int32"),
  );
  for (const { name: parameter, role, value } of scope.parameters) {
    feeds[parameter] = hashed(torchName(parameter), value.shape, 0.5, role === "gain" ? 1 : 0);
    inputs[torchName(parameter)] = value;
  }
  // PyTorch gives the last cell only.
  const compared = outputs.cell ? { ...outputs, cell: lastOf(outputs.cell) } : outputs;
  const contracted = Object.entries(compared).map(
    ([key, value]) =>
      total(mul(value, graph.constant(convertTensor(hashed(`cotangent/${key}`, value.shape), "float32")))), // exact
  );
  const objective = contracted.reduce((sum, part) => add(sum, part));
  const names = Object.keys(inputs);
  const slopes = gradients(objective, Object.values(inputs));
  const wanted: Record<string, Value> = {};
  for (const [key, value] of Object.entries(compared)) wanted[`y/${key}`] = value;
  for (const [i, key] of names.entries()) wanted[`d/${key}`] = slopes[i]!;
  const expected: Record<string, Golden> = {};
  for (const [key, output] of Object.entries(golden.outputs)) expected[`y/${key}`] = output;
  for (const [key, gradient] of Object.entries(golden.gradients)) expected[`d/${key}`] = gradient;
  return { graph, feeds, wanted, expected };
}

/** The last of some steps [T, …]. */
const lastOf = (steps: Value): Value =>
  reshape(sliceAxis(steps, 0, steps.shape[0]! - 1, steps.shape[0]!), steps.shape.slice(1));

function expectGolden(got: Tensors, expected: Readonly<Record<string, Golden>>, relative: number): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [key, { shape, data }] of Object.entries(expected)) {
    expectClose(got[key]!, tensor(Float64Array.from(data), shape, "float64"), { relative }, key);
  }
}

describe("agrees with PyTorch, outputs and gradients by all inputs and parameters", () => {
  it.each(Object.keys(builds))("%s, in float64 to 1e-9", (name) => {
    const { feeds, wanted, expected } = buildGolden(name);
    const values = evaluate(Object.values(wanted), feeds);
    expectGolden(Object.fromEntries(Object.keys(wanted).map((key, i) => [key, values[i]!])), expected, 1e-9);
  });

  it.each(Object.keys(builds))("%s, in ONNX Runtime to float32's rounding", async (name) => {
    const { graph, feeds, wanted, expected } = buildGolden(name);
    const runtime = nodeRuntime({ threads: 1 });
    try {
      const session = await runtime.load({ graph, outputs: wanted });
      expectGolden(await session.run(feeds), expected, 3e-6);
    } finally {
      await runtime.close();
    }
  });
});
