import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";

describe("a graph", () => {
  it("keeps values in topological order", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2, 2]);
    g.gradients(g.total(g.logSoftmax(g.matmul(x, x))), [x]);
    for (const { id, source } of graph.values) {
      if (source.kind === "apply") for (const input of source.inputs) expect(input.id).toBeLessThan(id);
    }
    expect(graph.values.map(({ id }) => id)).toEqual(graph.values.map((_, i) => i));
  });

  it("makes one constant per number and dtype, and tells 0 from -0", () => {
    const graph = new g.Graph();
    expect(graph.constant(2)).toBe(graph.constant(2));
    expect(graph.constant(2)).not.toBe(graph.constant(2, "float64"));
    expect(graph.constant(0)).not.toBe(graph.constant(-0));
    expect(graph.constant(Number.NaN)).toBe(graph.constant(Number.NaN));
  });

  it("returns a value itself from operations that would change nothing", () => {
    const x = new g.Graph().input("x", [2, 3]);
    const same = [
      g.reshape(x, [2, -1]),
      g.transpose(x, [0, 1]),
      g.slice(x, [0, 0], [2, 3]),
      g.pad(x, [0, 0], [0, 0]),
      g.broadcastTo(x, [2, 3]),
      g.cast(x, "float32"),
      g.concat([x]),
      g.reduceSum(x, []),
    ];
    for (const value of same) expect(value).toBe(x);
  });

  it("prints values readably", () => {
    const x = new g.Graph().input("x", [2, 3]);
    expect(`${x}, ${g.mul(x, 2)}`).toBe("%0 = input float32[2,3], %2 = mul float32[2,3]");
  });

  it("keeps a copy of a shape", () => {
    const shape = [2, 3];
    const x = new g.Graph().input("x", shape);
    shape[0] = 5;
    expect(x.shape).toEqual([2, 3]);
  });
});

describe("output shapes", () => {
  const x = new g.Graph().input("x", [2, 3, 7, 9]);
  const w = x.graph.input("w", [6, 3, 3, 2]);
  const cases: readonly (readonly [string, g.Value, readonly number[]])[] = [
    ["conv2d", g.conv2d(x, w), [2, 6, 5, 8]],
    ["conv2d, stride 2, padding 1", g.conv2d(x, w, { stride: 2, padding: 1 }), [2, 6, 4, 5]],
    ["conv2d, dilation (2, 3)", g.conv2d(x, w, { dilation: [2, 3] }), [2, 6, 3, 6]],
    ["conv2d, top 1, left 2, bottom 3, right 4", g.conv2d(x, w, { padding: [1, 2, 3, 4] }), [2, 6, 9, 14]],
    ["maxPool2d, stride as the kernel", g.maxPool2d(x, { kernel: [2, 4] }), [2, 3, 3, 2]],
    ["reduceSum keeps axes", g.reduceSum(x, [0, 2, -1]), [1, 3, 1, 1]],
    ["argMax drops its axis", g.argMax(x, 1), [2, 7, 9]],
    ["topK", g.topK(x, 5, 2), [2, 3, 5, 9]],
    ["gather splices", g.gather(x, x.graph.input("i", [4, 5], "int32"), 1), [2, 4, 5, 7, 9]],
    ["oneHot adds a last axis", g.oneHot(x.graph.input("j", [4, 5], "int64"), 10), [4, 5, 10]],
    ["slice rounds up", g.slice(x, [0, 0, 1, 0], [2, 3, 7, 9], [1, 2, 4, 5]), [2, 2, 2, 2]],
    ["reduceMean", g.reduceMean(x, [-1]), [2, 3, 7, 1]],
    ["total", g.total(x), []],
  ];
  it.each(cases)("%s", (_, value, shape) => expect(value.shape).toEqual(shape));

  it("of greater is bool, of argMax int64, of oneHot float32", () => {
    expect(g.greater(x, 0).dtype).toBe("bool");
    expect(g.argMax(x).dtype).toBe("int64");
    expect(g.topKIndices(x, 1).dtype).toBe("int64");
  });
});

describe("a scope", () => {
  it("joins names, remembers roles and tells weights what follows them", () => {
    const root = new g.Scope(new g.Graph(), { training: true });
    const conv = root.child("features").child("0", { scale: "channel", shift: true });
    const init = (): Float32Array => new Float32Array(6);
    conv.parameter("weight", [2, 3], init, "weight", conv.absorption.scale);
    conv.parameter("bias", [2], init, "bias");
    conv.parameter("direction", [2, 3], init, "weight", "tensor");
    root.buffer("mean", [2], 0.5);
    expect(
      root.parameters.map(({ name, layer, role, scaleInvariance }) => [name, layer, role, scaleInvariance]),
    ).toEqual([
      ["features.0.weight", "features.0", "weight", "channel"],
      ["features.0.bias", "features.0", "bias", "none"],
      ["features.0.direction", "features.0", "weight", "tensor"],
    ]);
    expect(root.buffers.map(({ name, initial, value }) => [name, initial, value.shape])).toEqual([["mean", 0.5, [2]]]);
    expect([...root.graph.inputs.keys()]).toEqual([
      "features.0.weight",
      "features.0.bias",
      "features.0.direction",
      "mean",
    ]);
  });

  it("forgets what follows the layer in a child that does not say it", () => {
    const root = new g.Scope(new g.Graph(), { training: false });
    const known = root.child("a", { scale: "tensor", shift: false });
    expect(known.absorption.scale).toBe("tensor");
    expect(known.child("b").absorption).toEqual({ scale: "none", shift: false });
    expect(known.enclosed()).toMatchObject({ path: "a", absorption: { scale: "none", shift: false } });
    expect(root.child("a").training).toBe(false);
  });

  it("records outputs in order", () => {
    const root = new g.Scope(new g.Graph(), { training: true });
    const x = root.graph.input("x");
    const y = root.child("one").record(g.mul(x, 2));
    const z = root.child("two").record(g.mul(y, 2));
    expect(root.outputs).toEqual([
      { layer: "one", value: y },
      { layer: "two", value: z },
    ]);
  });
});

it("a ShapeError is a NormwiseError with a name", () => {
  expect(new ShapeError("x").name).toBe("ShapeError");
});
