import { describe, expect, it } from "vitest";
import { InvalidArgumentError, randomStream, type Shape, sizeOf } from "../../src/core/index.js";
import { Graph, type Layer, Scope, type Value } from "../../src/graph/index.js";
import { type NormalizationOptions, resnet, resnetCifar, vgg } from "../../src/models/index.js";
import { batchNorm, type WeightNorm } from "../../src/norm/index.js";

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
    const small = build(vgg({ width: 0.25, classes: 7, norm: () => batchNorm({ affine: false }) }), [2, 1, 28, 28]);
    expect(small.output.shape).toEqual([2, 7]);
    expect(small.scope.parameters.some(({ role }) => role === "gain")).toBe(false);
    expect(small.scope.parameters[0]!.value.shape).toEqual([16, 1, 3, 3]);
    expect(build(vgg({ width: 1e-9 })).scope.parameters[0]!.value.shape).toEqual([1, 3, 3, 3]);
  });

  it("keeps its numbers without normalizations", () => {
    const { scope } = build(vgg({ width: 1 / 16, norm: "none" }));
    const names = scope.parameters.map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(["0.weight", "0.bias", "4.weight", "4.bias"].map((n) => `features.${n}`));
    expect(names.slice(-3)).toEqual(["features.25.bias", "classifier.weight", "classifier.bias"]);
    expect(scope.outputs.map(({ layer }) => layer).slice(0, 4)).toEqual([
      "pad",
      "features.0",
      "features.2",
      "features.3",
    ]);
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

describe("resnet", () => {
  // Parameters of torchvision 0.14's resnet18, resnet34, resnet50 and resnet101.
  it.each([
    [18, 11_689_512],
    [34, 21_797_672],
    [50, 25_557_032],
    [101, 44_549_160],
  ])("%d is as large as torchvision's", (depth, size) => {
    const built = build(resnet({ depth, classes: 1000 }), [1, 3, 65, 65]);
    expect(built.size).toBe(size);
    expect(built.output.shape).toEqual([1, 1000]);
  });

  it.each([
    ["cifar up to 64 pixels", resnet({ width: 1 / 16 }), [2, 3, 64, 64], [3, 3], [64, 32, 16, 8]],
    ["imagenet above", resnet({ width: 1 / 16 }), [2, 3, 64, 65], [7, 7], [16, 8, 4, 2]],
    ["imagenet when asked for", resnet({ width: 1 / 16, stem: "imagenet" }), [2, 3, 32, 32], [7, 7], [8, 4, 2, 1]],
    ["cifar when asked for", resnet({ width: 1 / 16, stem: "cifar" }), [2, 1, 72, 72], [3, 3], [72, 36, 18, 9]],
  ])("has the stem of its images: %s", (_, network, shape, kernel, heights) => {
    const { scope } = build(network, shape);
    expect(scope.parameters[0]!.value.shape).toEqual([4, shape[1], ...kernel]);
    const stages = scope.outputs.filter(({ layer }) => /^layer\d\.1$/.test(layer));
    expect(stages.map(({ value }) => value.shape[2])).toEqual(heights);
  });

  it("starts every block as its shortcut with zeroGamma, and no other normalization at 0", () => {
    const initialGains = (network: Layer): [string, number][] =>
      build(network).scope.parameters.flatMap(({ name, role, initializer, value }) =>
        role === "gain" ? [[name, initializer(value.shape, randomStream(1), () => new Float32Array())[0]!]] : [],
      );
    for (const [depth, last] of [
      [18, /layer\d\.\d\.bn2/],
      [50, /layer\d\.\d\.bn3/],
    ] as const) {
      const gains = initialGains(resnet({ depth, width: 1 / 16, zeroGamma: true }));
      expect(gains.filter(([, gain]) => gain === 0).map(([name]) => name)).toEqual(
        gains.flatMap(([name]) => (last.test(name) ? [name] : [])),
      );
    }
    expect(initialGains(resnet({ width: 1 / 16 })).every(([, gain]) => gain === 1)).toBe(true);
  });

  it("refuses another depth, another stem, and zeroGamma without normalizations", () => {
    expect(() => resnet({ depth: 20 })).toThrow("resnet: expected a depth of 18, 34, 50, 101, got 20");
    expect(() => resnet({ stem: "mnist" as "cifar" })).toThrow("resnet: expected a stem of imagenet, cifar, got mnist");
    expect(() => resnet({ norm: "none", zeroGamma: true })).toThrow('got norm "none"; use branchScale: 0');
    expect(() => resnet({ branchScale: Number.NaN })).toThrow('expected a finite branchScale or "none", got NaN');
  });
});

describe.each<[string, (options: NormalizationOptions) => Layer]>([
  ["vgg", (options) => vgg({ width: 1 / 16, ...options })],
  ["resnetCifar", (options) => resnetCifar({ width: 1 / 8, ...options })],
  ["resnet 18", (options) => resnet({ depth: 18, width: 1 / 16, ...options })],
  ["resnet 50", (options) => resnet({ depth: 50, width: 1 / 16, ...options })],
])("%s", (_, network) => {
  const parametersOf = (options: NormalizationOptions) => build(network(options)).scope.parameters;
  const weights = parametersOf({}).flatMap(({ name, role }) => (role === "weight" ? [name] : []));

  it("gives a weight norm the weight of every convolution, and leaves the last layer plain", () => {
    const asked: string[] = [];
    const weightNorm: WeightNorm = {
      name: "asked",
      declare(scope, { name, shape, initializer }) {
        asked.push(scope.fullName(name));
        return scope.parameter(`${name}_v`, shape, initializer);
      },
    };
    const roles = parametersOf({ weightNorm }).filter(({ role }) => role === "weight");
    const [last, ...convolutions] = weights.toReversed();
    expect(asked).toEqual(convolutions.toReversed());
    expect(roles.map(({ name }) => name)).toEqual([...asked.map((name) => `${name}_v`), last]);
  });

  it('has a bias for every weight, no gains but branch scales, and the same names with norm "none"', () => {
    const parameters = parametersOf({ norm: "none" });
    const named = (role: string): string[] => parameters.flatMap((each) => (each.role === role ? [each.name] : []));
    expect(named("weight")).toEqual(weights);
    expect(named("bias")).toEqual(weights.map((name) => name.replace(/weight$/, "bias")));
    expect(named("shift")).toEqual([]);
    expect(named("gain").filter((name) => !name.endsWith(".branch_scale"))).toEqual([]);
    expect(build(network({ norm: "none" })).scope.buffers).toEqual([]);
  });
});
