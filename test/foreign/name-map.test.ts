import { describe, expect, it } from "vitest";
import { guessInvariant, type NamedShape, nameMap } from "../../src/foreign/index.js";
import { Graph, Scope } from "../../src/graph/index.js";
import { resnet, vgg } from "../../src/models/index.js";

const own = ((): NamedShape[] => {
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  resnet({ depth: 18 }).apply(graph.input("images", [2, 3, 32, 32]), scope);
  return [...scope.parameters, ...scope.buffers].map(({ name, value }) => ({ name, shape: value.shape }));
})();

const renamed = (change: (name: string) => string) => own.map(({ name, shape }) => ({ name: change(name), shape }));

describe("a network of Normwise and a state of PyTorch", () => {
  it.each([
    ["as it is", (name: string) => name],
    ["of DataParallel", (name: string) => `module.${name}`],
    ["of a compiled model in DistributedDataParallel", (name: string) => `module._orig_mod.${name}`],
    ["of a Lightning module", (name: string) => `model.${name}`],
    ["of a compiled part", (name: string) => name.replace("layer1.", "layer1._orig_mod.")],
  ])("%s", (_, change) => {
    const given = renamed(change);
    const counters = given.flatMap(({ name }) =>
      name.endsWith("running_mean") ? [{ name: name.replace("running_mean", "num_batches_tracked"), shape: [] }] : [],
    );
    const there = nameMap(own, [...given, ...counters]);
    expect(there).toMatchObject({ missing: [], unexpected: [], misshaped: [] });
    expect([...there.matches].map(([name, { from }]) => [name, from])).toEqual(
      own.map(({ name }) => [name, change(name)]),
    );
    const back = nameMap(given, own);
    expect(back).toMatchObject({ missing: [], unexpected: [], misshaped: [] });
    expect(back.matches.get(change("fc.weight"))).toEqual({ from: "fc.weight", transposed: false, guessed: false });
  });

  it("that differ: what is missing, unexpected and misshaped is told", () => {
    const given = own
      .filter(({ name }) => name !== "bn1.weight")
      .map((each) => (each.name === "fc.weight" ? { name: "fc.weight", shape: [1000, 512] } : each));
    const { missing, unexpected, misshaped } = nameMap(own, [...given, { name: "head.weight", shape: [3, 3] }]);
    expect(missing).toEqual(["bn1.weight"]);
    expect(unexpected).toEqual(["head.weight"]);
    expect(misshaped).toEqual([{ name: "fc.weight", wanted: [10, 512], got: [1000, 512] }]);
  });
});

it("a prefix that only some names have is no wrapper's", () => {
  const names = [
    { name: "model.weight", shape: [2] },
    { name: "head.weight", shape: [2] },
  ];
  expect(nameMap(names, names).matches.size).toBe(2);
  expect(nameMap([{ name: "weight", shape: [2] }], names).missing).toEqual(["weight"]);
});

it("the two ways of writing weight normalization", () => {
  const old = [
    { name: "conv.weight_g", shape: [4, 1] },
    { name: "conv.weight_v", shape: [4, 3] },
  ];
  const parametrized = [
    { name: "conv.parametrizations.weight.original0", shape: [4, 1] },
    { name: "conv.parametrizations.weight.original1", shape: [4, 3] },
  ];
  expect(nameMap(old, parametrized).matches.get("conv.weight_v")?.from).toBe(parametrized[1]!.name);
  expect(nameMap(parametrized, old).matches.get(parametrized[0]!.name)?.from).toBe("conv.weight_g");
});

describe("names of an exporter", () => {
  const state = [
    { name: "conv.weight", shape: [8, 3, 3, 3] },
    { name: "a.weight", shape: [16, 8] },
    { name: "b.weight", shape: [16, 8] },
    { name: "c.weight", shape: [8, 8] },
    { name: "a.bias", shape: [16] },
  ];
  const exported = [
    { name: "a.bias", shape: [16] },
    { name: "onnx::Conv_20", shape: [8, 3, 3, 3] },
    { name: "onnx::MatMul_109", shape: [8, 16] },
    { name: "onnx::MatMul_31", shape: [8, 16] },
    { name: "onnx::MatMul_7", shape: [8, 8] },
  ];

  it("are matched by shape, in order, transposed where a MatMul is, and marked as guessed", () => {
    const { matches, missing, unexpected } = nameMap(state, exported);
    expect([missing, unexpected]).toEqual([[], []]);
    expect(Object.fromEntries(matches)).toEqual({
      "a.bias": { from: "a.bias", transposed: false, guessed: false },
      "conv.weight": { from: "onnx::Conv_20", transposed: false, guessed: true },
      "a.weight": { from: "onnx::MatMul_31", transposed: true, guessed: true },
      "b.weight": { from: "onnx::MatMul_109", transposed: true, guessed: true },
      "c.weight": { from: "onnx::MatMul_7", transposed: true, guessed: true },
    });
  });

  it("are left alone where there are more or fewer of a shape", () => {
    const { missing } = nameMap(state, exported.slice(0, 3));
    expect(missing).toEqual(["a.weight", "b.weight", "c.weight"]);
  });

  it("are found from the exporter's side too", () => {
    const { matches, missing } = nameMap(exported, state);
    expect(missing).toEqual([]);
    expect(matches.get("onnx::MatMul_31")).toEqual({ from: "a.weight", transposed: true, guessed: true });
    expect(matches.get("onnx::MatMul_109")).toEqual({ from: "b.weight", transposed: true, guessed: true });
    expect(matches.get("onnx::Conv_20")).toEqual({ from: "conv.weight", transposed: false, guessed: true });
  });
});

describe("scale-invariant weights guessed from names", () => {
  it("are those that our networks know of their own", () => {
    for (const network of [resnet({ depth: 18 }), resnet({ depth: 50 }), vgg({ depth: 11 })]) {
      const graph = new Graph();
      const scope = new Scope(graph, { training: true });
      network.apply(graph.input("images", [2, 3, 32, 32]), scope);
      const tensors = [...scope.parameters, ...scope.buffers].map(({ name, value }) => ({ name, shape: value.shape }));
      const known = scope.parameters.filter(({ scaleInvariance }) => scaleInvariance === "channel");
      expect([...guessInvariant(tensors).keys()].sort()).toEqual(known.map(({ name }) => name).sort());
    }
  });

  it("a norm before a convolution belongs to the one before it", () => {
    const dense = [
      { name: "norm1.running_mean", shape: [64] },
      { name: "conv1.weight", shape: [128, 64, 1, 1] },
      { name: "norm2.running_mean", shape: [128] },
      { name: "conv2.weight", shape: [32, 128, 3, 3] },
    ];
    expect([...guessInvariant(dense).keys()]).toEqual(["conv1.weight"]);
  });

  it.each([
    ["blocks whose channels are all alike", ["conv1.weight", "conv2.weight"], ["norm1", "norm2"]],
    ["names that say more than a number", ["conv_dw.weight", "conv_pw.weight"], ["bn_dw", "bn_pw"]],
    ["the places of a sequence", ["0.weight", "3.weight"], ["1", "4"]],
  ])("%s", (_, weights, norms) => {
    const tensors = [
      ...weights.map((name) => ({ name: `block.${name}`, shape: [8, 8, 3, 3] })),
      ...norms.map((name) => ({ name: `block.${name}.running_mean`, shape: [8] })),
    ];
    const found = guessInvariant(tensors);
    expect([...found.keys()]).toEqual(weights.map((name) => `block.${name}`));
    [...found.values()].forEach((because, i) => {
      expect(because).toContain(`the batch-norm block.${norms[i]}`);
    });
  });

  it("the direction of a weight normalization", () => {
    const tensors = [
      { name: "conv.weight_g", shape: [4, 1] },
      { name: "conv.weight_v", shape: [4, 3] },
      { name: "other.weight_v", shape: [4, 3] },
    ];
    expect([...guessInvariant(tensors)]).toEqual([["conv.weight_v", expect.stringContaining("conv.weight_g")]]);
  });
});

it("a matrix that is stored transposed under its own name", () => {
  const wanted = [{ name: "fc.weight", shape: [2, 3] }];
  expect(nameMap(wanted, [{ name: "fc.weight", shape: [3, 2] }]).matches.get("fc.weight")).toEqual({
    from: "fc.weight",
    transposed: true,
    guessed: false,
  });
});
