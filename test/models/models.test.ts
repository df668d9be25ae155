import { describe, expect, it } from "vitest";
import { InvalidArgumentError, type Shape, sizeOf } from "../../src/core/index.js";
import { Graph, type Layer, Scope, type Value } from "../../src/graph/index.js";
import { resnetCifar, vgg } from "../../src/models/index.js";

interface Built {
  readonly scope: Scope;
  readonly output: Value;
  /** Numbers that are trained. */
  readonly size: number;
}

function build(network: Layer, shape: Shape = [2, 3, 32, 32]): Built {
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  const output = network.apply(graph.input("images", shape), scope);
  return { scope, output, size: scope.parameters.reduce((sum, { value }) => sum + sizeOf(value.shape), 0) };
}

describe("vgg", () => {
  // Parameters of `features` of torchvision 0.14's vgg*_bn, and of one linear layer from 512 to 10 in place of three.
  it.each([
    [11, 9_225_984],
    [13, 9_410_880],
    [16, 14_723_136],
    [19, 20_035_392],
  ])("%d is as large as torchvision's", (depth, features) => {
    const { size, output } = build(vgg({ depth }));
    expect(size).toBe(features + 5130);
    expect(output.shape).toEqual([2, 10]);
  });

  it("has torchvision's names", () => {
    const names = build(vgg({ width: 1 / 16 })).scope.parameters.map(({ name }) => name);
    expect(names.slice(0, 5)).toEqual(
      ["0.weight", "0.bias", "1.weight", "1.bias", "4.weight"].map((n) => `features.${n}`),
    );
    expect(names.slice(-3)).toEqual(["features.26.bias", "classifier.weight", "classifier.bias"]);
  });

  it("takes other images, numbers of classes, widths and norms", () => {
    const small = build(vgg({ width: 0.25, classes: 7, norm: { affine: false } }), [2, 1, 28, 28]);
    expect(small.output.shape).toEqual([2, 7]);
    expect(small.scope.parameters.some(({ role }) => role === "gain")).toBe(false);
    expect(small.scope.parameters[0]!.value.shape).toEqual([16, 1, 3, 3]);
    expect(build(vgg({ width: 1e-9 })).scope.parameters[0]!.value.shape).toEqual([1, 3, 3, 3]);
  });

  it("refuses another depth", () => {
    expect(() => vgg({ depth: 12 })).toThrow(InvalidArgumentError);
    expect(() => vgg({ depth: 12 })).toThrow("vgg: expected a depth of 11, 13, 16, 19, got 12");
  });
});

describe("resnetCifar", () => {
  // Parameters with shortcuts of option A, as table 6 of He et al. 2016 rounds them (0.27M, 0.46M, 0.66M, 0.85M, 1.7M).
  it.each([
    [20, 269_722],
    [32, 464_154],
    [44, 658_586],
    [56, 853_018],
    [110, 1_727_962],
  ])("%d is as large as in the paper", (depth, size) => {
    const built = build(resnetCifar({ depth }), [2, 3, 32, 32]);
    expect(built.size).toBe(size);
    expect(built.output.shape).toEqual([2, 10]);
  });

  it("has one convolution and two per block, named by stage and block", () => {
    const { scope } = build(resnetCifar({ width: 1 / 8 }));
    const weights = scope.parameters.filter(({ role }) => role === "weight").map(({ name }) => name);
    expect(weights).toHaveLength(20);
    expect(weights.slice(0, 3)).toEqual(["conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight"]);
    expect(weights.slice(-2)).toEqual(["layer3.2.conv2.weight", "fc.weight"]);
  });

  it.each([19, 2, 8.5])("refuses a depth of %d", (depth) => {
    expect(() => resnetCifar({ depth })).toThrow(`a depth of 6n + 2 (20, 32, 44, 56, 110), got ${depth}`);
  });
});
