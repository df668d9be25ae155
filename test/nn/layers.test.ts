import { describe, expect, it } from "vitest";
import { InvalidArgumentError, type Shape, ShapeError, tensor } from "../../src/core/index.js";
import type { Layer } from "../../src/graph/index.js";
import {
  averagePool2d,
  conv2d,
  flatten,
  globalAveragePool,
  linear,
  maxPool2d,
  padTo,
  relu,
  sequential,
  tanh,
} from "../../src/nn/index.js";
import { checkBuiltGradient } from "../support/gradient-check.js";
import { buildLayer, outputOf, relativeDistance } from "../support/layers.js";
import { distinct, normal } from "../support/random-tensors.js";

const image: Shape = [2, 4, 5, 6];

describe("shapes and parameters", () => {
  it.each<[string, Layer, Shape, Shape, Record<string, Shape>]>([
    ["conv2d keeps the size", conv2d(3), image, [2, 3, 5, 6], { weight: [3, 4, 3, 3], bias: [3] }],
    ["conv2d, stride 2", conv2d(3, { stride: 2 }), image, [2, 3, 3, 3], { weight: [3, 4, 3, 3], bias: [3] }],
    ["conv2d, 1 × 1", conv2d(3, { kernel: 1, bias: false }), image, [2, 3, 5, 6], { weight: [3, 4, 1, 1] }],
    ["conv2d, oblong", conv2d(3, { kernel: [5, 1], bias: false }), image, [2, 3, 5, 6], { weight: [3, 4, 5, 1] }],
    ["conv2d, dilated", conv2d(3, { dilation: 2, bias: false }), image, [2, 3, 5, 6], { weight: [3, 4, 3, 3] }],
    ["conv2d, grouped", conv2d(6, { groups: 2, bias: false }), image, [2, 6, 5, 6], { weight: [6, 2, 3, 3] }],
    ["conv2d, no padding", conv2d(3, { padding: 0, bias: false }), image, [2, 3, 3, 4], { weight: [3, 4, 3, 3] }],
    ["linear", linear(3), [2, 7], [2, 3], { weight: [3, 7], bias: [3] }],
    ["linear over the last axis", linear(3), [2, 5, 7], [2, 5, 3], { weight: [3, 7], bias: [3] }],
    ["linear without bias", linear(3, { bias: false }), [2, 7], [2, 3], { weight: [3, 7] }],
    ["maxPool2d", maxPool2d(2), image, [2, 4, 2, 3], {}],
    ["averagePool2d", averagePool2d({ kernel: 3, stride: 1 }), image, [2, 4, 3, 4], {}],
    ["globalAveragePool", globalAveragePool(), image, [2, 4], {}],
    ["flatten", flatten(), image, [2, 120], {}],
    ["padTo", padTo(8), image, [2, 4, 8, 8], {}],
    ["padTo, large enough", padTo(4), image, image, {}],
  ])("%s", (_, layer, from, to, parameters) => {
    const { scope, output } = buildLayer(layer, normal("x", from));
    expect(output.shape).toEqual(to);
    expect(Object.fromEntries(scope.parameters.map(({ name, value }) => [name, value.shape]))).toEqual(parameters);
  });
});

describe("values", () => {
  it("linear is x Wᵀ + b", () => {
    const built = buildLayer(linear(3), normal("x", [2, 4]));
    const { x, weight, bias } = built.feeds;
    const expected = [0, 1].flatMap((row) =>
      [0, 1, 2].map((feature) =>
        [0, 1, 2, 3].reduce(
          (sum, i) => sum + Number(x!.data[row * 4 + i]) * Number(weight!.data[feature * 4 + i]),
          Number(bias!.data[feature]),
        ),
      ),
    );
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-14);
  });

  it("conv2d of 1 × 1 is a linear map of the channels plus the bias of each", () => {
    const built = buildLayer(conv2d(3, { kernel: 1 }), normal("x", [1, 2, 2, 2]));
    const { x, weight, bias } = built.feeds;
    const expected = [0, 1, 2].flatMap((k) =>
      [0, 1, 2, 3].map((position) =>
        [0, 1].reduce(
          (sum, c) => sum + Number(x!.data[c * 4 + position]) * Number(weight!.data[k * 2 + c]),
          Number(bias!.data[k]),
        ),
      ),
    );
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-14);
  });

  const grid = tensor([1, 2, 3, 4, 5, 6, 7, 8, -9], [1, 1, 3, 3]);
  it.each<[string, Layer, number[]]>([
    ["relu", relu(), [1, 2, 3, 4, 5, 6, 7, 8, 0]],
    ["tanh", tanh(), [1, 2, 3, 4, 5, 6, 7, 8, -9].map(Math.tanh)],
    ["maxPool2d", maxPool2d({ kernel: 2, stride: 1 }), [5, 6, 8, 8]],
    ["averagePool2d", averagePool2d({ kernel: 2, stride: 1 }), [3, 4, 6, 2.5]],
    ["globalAveragePool", globalAveragePool(), [3]],
    ["padTo: the odd zero comes last", padTo(4), [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, -9, 0, 0, 0, 0, 0]],
    [
      "padTo: even zeros on both sides",
      padTo(5),
      [0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 7, 8, -9, 0, 0, 0, 0, 0, 0],
    ],
  ])("%s", (_, layer, expected) => {
    const built = buildLayer(layer, grid);
    expect(outputOf(built, built.feeds)).toEqual(expected.map((value) => expect.closeTo(value, 12)));
  });
});

describe("gradients", () => {
  it.each<[string, Layer, Shape]>([
    ["conv2d", conv2d(3, { stride: 2 }), [2, 2, 5, 4]],
    ["conv2d, groups and dilation", conv2d(4, { groups: 2, dilation: 2 }), [2, 2, 5, 4]],
    ["linear", linear(3), [2, 4]],
    ["linear over the last axis", linear(3), [2, 3, 4]],
    ["relu", relu(), [2, 2, 3, 3]],
    ["tanh", tanh(), [2, 2, 3, 3]],
    ["maxPool2d", maxPool2d(2), [2, 2, 4, 4]],
    ["averagePool2d", averagePool2d(2), [2, 2, 4, 4]],
    ["globalAveragePool", globalAveragePool(), [2, 2, 3, 3]],
    ["flatten and padTo", sequential(padTo(5), flatten()), [2, 2, 3, 4]],
  ])("%s", (_, layer, shape) => {
    const built = buildLayer(layer, distinct("gradient", shape));
    const inputs = Object.fromEntries(built.graph.inputs);
    checkBuiltGradient(built.feeds, { graph: built.graph, inputs, output: built.output });
  });
});

describe("sequential", () => {
  it("names layers by their place or by their key, nested names joined by dots", () => {
    const network = sequential({ first: conv2d(2, { bias: false }), second: sequential(relu(), conv2d(3)) });
    const { scope } = buildLayer(network, normal("x", image));
    expect(scope.parameters.map(({ name }) => name)).toEqual(["first.weight", "second.1.weight", "second.1.bias"]);
    expect(scope.outputs.map(({ layer }) => layer)).toEqual(["first", "second.0", "second.1"]);
  });

  it("of nothing is the identity", () => {
    const built = buildLayer(sequential(), normal("x", [2, 3]));
    expect(built.output).toBe(built.x);
  });
});

describe("wrong input", () => {
  it.each<[string, () => unknown, typeof InvalidArgumentError | typeof ShapeError, string]>([
    ["no channels", () => conv2d(0), InvalidArgumentError, "a positive number of channels, got 0"],
    ["half a feature", () => linear(1.5), InvalidArgumentError, "a positive number of features, got 1.5"],
    ["features for conv2d", () => buildLayer(conv2d(3), normal("x", [2, 3])), ShapeError, "x [N, C, H, W], got [2,3]"],
    [
      "an image for linear",
      () => buildLayer(sequential(linear(3)), normal("x", image)),
      ShapeError,
      "linear 0: expected x [N, features] or [N, T, features], got [2,4,5,6]; add flatten()",
    ],
    ["groups that do not divide", () => buildLayer(conv2d(4, { groups: 3 }), normal("x", image)), ShapeError, "groups"],
  ])("%s", (_, attempt, type, message) => {
    expect(attempt).toThrow(type);
    expect(attempt).toThrow(message);
  });
});
