import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/core/index.js";
import { analyzeInvariance } from "../../../src/dynamics/index.js";
import {
  add,
  concat,
  conv2d,
  definePrimitive,
  div,
  exp,
  Graph,
  gather,
  logSoftmax,
  matmul,
  maximum,
  mul,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  tanh,
  transpose,
  transposeLast,
  type Value,
} from "../../../src/graph/index.js";
import { normal } from "../../support/random-tensors.js";
import { analysedAndTried } from "./tried.js";

/** A graph under construction with random numbers for its inputs. */
class Sketch {
  readonly graph = new Graph();
  readonly feeds: Record<string, Tensor> = {};
  readonly weights: { name: string; value: Value }[] = [];

  x(name: string, shape: number[]): Value {
    this.feeds[name] = normal(name, shape);
    return this.graph.input(name, shape);
  }

  w(name: string, shape: number[], mean = 0): Value {
    this.feeds[name] = normal(name, shape, mean, 0.5);
    const value = this.graph.input(name, shape);
    this.weights.push({ name, value });
    return value;
  }

  found(...outputs: Value[]) {
    return analysedAndTried(outputs, this.weights, this.feeds);
  }

  kinds(...outputs: Value[]): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.found(...outputs)).map(([name, { invariance }]) => [name, invariance]),
    );
  }
}

const standardized = (x: Value, axes: number[], epsilon = 1e-14): Value => {
  const centred = sub(x, reduceMean(x, axes));
  return div(centred, sqrt(add(reduceMean(square(centred), axes), epsilon)));
};
const batchNormed = (x: Value): Value => standardized(x, x.rank === 4 ? [0, 2, 3] : [0]);
const layerNormed = (x: Value): Value => standardized(x, [x.rank - 1]);
const perChannel = (v: Value): Value => reshape(v, [1, -1, 1, 1]);

describe("analyzeInvariance agrees with numbers, in float64", () => {
  it("each channel of a convolution before a batch-norm, and the bias between, which has no effect", () => {
    const s = new Sketch();
    const y = add(conv2d(s.x("x", [3, 2, 5, 5]), s.w("w", [4, 2, 3, 3])), perChannel(s.w("b", [4])));
    const found = s.found(relu(batchNormed(y)));
    expect(found.w).toMatchObject({ invariance: "channel", axis: 0, withoutEffect: false });
    expect(found.b).toMatchObject({ invariance: "channel", withoutEffect: true });
    expect(found.w!.epsilons).toMatchObject([{ epsilon: 1e-14, degree: 2 }]);
  });

  it("a bias that is not subtracted breaks, and makes the pair joint where something absorbs both", () => {
    const s = new Sketch();
    const y = relu(add(conv2d(s.x("x", [3, 2, 5, 5]), s.w("w", [4, 2, 3, 3])), perChannel(s.w("b", [4]))));
    const found = s.found(batchNormed(conv2d(y, s.w("v", [3, 4, 1, 1]))));
    expect(found.w).toMatchObject({ invariance: "joint", partners: [{ name: "b", power: 1 }] });
    expect(found.w!.because).toContain("bias");
    expect(found.v!.invariance).toBe("channel");
  });

  it("γ and β of a batch-norm that another one follows", () => {
    const s = new Sketch();
    const y = batchNormed(conv2d(s.x("x", [3, 2, 5, 5]), s.w("w", [4, 2, 3, 3])));
    const affine = relu(add(mul(y, perChannel(s.w("gain", [4], 1))), perChannel(s.w("shift", [4]))));
    expect(s.kinds(batchNormed(conv2d(affine, s.w("v", [3, 4, 1, 1]))))).toEqual({
      w: "channel",
      gain: "joint",
      shift: "joint",
      v: "channel",
    });
  });

  it("w₁ up and w₂ down through a ReLU, and nothing through tanh", () => {
    const s = new Sketch();
    const hidden = relu(matmul(s.x("x", [5, 3]), s.w("first", [3, 4])));
    const out = add(matmul(hidden, s.w("second", [4, 2])), s.w("bias", [2]));
    const found = s.found(out);
    expect(found.first).toMatchObject({ invariance: "joint", axis: 1, partners: [{ name: "second", power: -1 }] });
    expect(found.bias!.invariance).toBe("none");
    const t = new Sketch();
    const bent = tanh(matmul(t.x("x", [5, 3]), t.w("first", [3, 4])));
    expect(t.kinds(matmul(bent, t.w("second", [4, 2])))).toEqual({ first: "none", second: "none" });
  });

  it("a whole tensor before a layer norm over its channels; a bias breaks it", () => {
    const s = new Sketch();
    const y = layerNormed(matmul(s.x("x", [5, 3]), s.w("w", [3, 4])));
    expect(s.found(y).w).toMatchObject({ invariance: "tensor", axis: 1 });
    const t = new Sketch();
    const z = layerNormed(add(matmul(t.x("x", [5, 3]), t.w("w", [3, 4])), t.w("b", [4])));
    expect(t.kinds(z)).toEqual({ w: "joint", b: "joint" });
  });

  it("groups of channels before a group norm", () => {
    const s = new Sketch();
    const y = conv2d(s.x("x", [2, 3, 4, 4]), s.w("w", [6, 3, 1, 1]));
    const normed = standardized(reshape(y, [2, 2, 3, 4, 4]), [2, 3, 4]);
    expect(s.found(reshape(normed, [2, 6, 4, 4])).w).toMatchObject({
      invariance: "head",
      groups: Int32Array.of(0, 0, 0, 1, 1, 1),
    });
  });

  it("queries and keys of attention: heads, jointly; a key's bias has no effect under softmax", () => {
    const s = new Sketch();
    const [batch, tokens, heads, size] = [2, 4, 2, 3];
    const x = s.x("x", [batch, tokens, 5]);
    const project = (name: string, bias: boolean): Value => {
      const plain = matmul(x, s.w(name, [5, heads * size]));
      const y = bias ? add(plain, s.w(`${name}.bias`, [heads * size])) : plain;
      return transpose(reshape(y, [batch, tokens, heads, size]), [0, 2, 1, 3]);
    };
    const [q, k, v] = [project("q", false), project("k", true), project("v", false)];
    const weights = exp(logSoftmax(mul(matmul(q, transposeLast(k)), 0.5)));
    const mixed = reshape(transpose(matmul(weights, v), [0, 2, 1, 3]), [batch, tokens, heads * size]);
    const found = s.found(matmul(mixed, s.w("out", [heads * size, 3])));
    expect(found.q).toMatchObject({ invariance: "joint", partners: [{ name: "k", power: -1 }] });
    expect(found["k.bias"]).toMatchObject({ withoutEffect: true, invariance: "channel" });
    expect(found.v).toMatchObject({ invariance: "joint", partners: [{ name: "out", power: -1 }] });
  });

  it("normalized queries and keys: each head's", () => {
    const s = new Sketch();
    const x = s.x("x", [2, 4, 5]);
    const heads = (w: Value): Value => layerNormed(transpose(reshape(matmul(x, w), [2, 4, 2, 3]), [0, 2, 1, 3]));
    const scores = matmul(heads(s.w("q", [5, 6])), transposeLast(heads(s.w("k", [5, 6]))));
    expect(s.found(tanh(scores)).q).toMatchObject({ invariance: "head", groups: Int32Array.of(0, 0, 0, 1, 1, 1) });
  });

  it("a residual sum of unequal scales, and a stream that one norm absorbs as a whole", () => {
    const s = new Sketch();
    const x = s.x("x", [6, 4]);
    const stem = matmul(x, s.w("stem", [4, 4]));
    const branch = matmul(relu(layerNormed(stem)), s.w("branch", [4, 4]));
    const found = s.found(layerNormed(add(stem, branch)));
    expect(found.stem).toMatchObject({ invariance: "joint", partners: [{ name: "branch", power: 1 }] });
    expect(found.stem!.because).toContain("branch");
  });

  it("β before a 1 × 1 convolution and a batch-norm, which has no effect, unless the picture is padded", () => {
    const networks = [0, 1].map((padding) => {
      const s = new Sketch();
      const y = batchNormed(conv2d(s.x("x", [3, 2, 5, 5]), s.w("w", [4, 2, 3, 3])));
      const affine = add(mul(y, perChannel(s.w("gain", [4], 1))), perChannel(s.w("shift", [4])));
      return s.found(tanh(batchNormed(conv2d(affine, s.w("v", [3, 4, 1, 1]), { padding }))));
    });
    expect(networks[0]!.gain!.invariance).toBe("tensor");
    expect(networks[0]!.shift).toMatchObject({ invariance: "channel", withoutEffect: true });
    expect(networks[1]!.gain).toMatchObject({ invariance: "joint", partners: [{ name: "shift", power: 1 }] });
  });

  it("parts of one bias are not each other, and neither is it turned about", () => {
    for (const other of [
      (y: Value) => slice(y, [0, 3], [4, 6], [1, 1]),
      (y: Value) => slice(transpose(reshape(y, [4, 2, 3]), [0, 2, 1]), [0, 0, 1], [4, 3, 2], [1, 1, 1]),
    ]) {
      const s = new Sketch();
      const y = add(matmul(s.x("x", [4, 2]), s.w("w", [2, 6])), s.w("b", [6]));
      const left = slice(y, [0, 0], [4, 3], [1, 1]);
      expect(s.kinds(batchNormed(relu(sub(left, reshape(other(y), [4, 3]))))).b).not.toBe("channel");
    }
  });

  it("depthwise and grouped convolutions, channels joined and shuffled", () => {
    const s = new Sketch();
    const x = s.x("x", [3, 4, 5, 5]);
    const wide = conv2d(x, s.w("wide", [4, 4, 1, 1]));
    const deep = conv2d(wide, s.w("deep", [4, 1, 3, 3]), { groups: 4, padding: 1 });
    const grouped = conv2d(relu(deep), s.w("grouped", [6, 2, 1, 1]), { groups: 2 });
    const both = concat([grouped, deep], 1);
    const shuffled = reshape(transpose(reshape(both, [3, 2, 5, 5, 5]), [0, 2, 1, 3, 4]), [3, 10, 5, 5]);
    const half = slice(shuffled, [0, 0, 0, 0], [3, 6, 5, 5]);
    const found = s.found(batchNormed(half));
    expect(found.grouped!.invariance).toBe("channel");
    expect(found.deep!.invariance).not.toBe("channel"); // its channels meet in the grouped one
  });

  it("weight norm: a direction per channel, and the gain alone is none", () => {
    const s = new Sketch();
    const v = s.w("v", [4, 3]);
    const w = mul(div(v, sqrt(reduceSum(square(v), [1]))), s.w("g", [4, 1], 1));
    expect(s.kinds(matmul(s.x("x", [5, 3]), transposeLast(w)))).toEqual({ v: "channel", g: "none" });
  });

  it("other metrics: the maximum, with a bound in place of ε", () => {
    const s = new Sketch();
    const y = matmul(s.x("x", [7, 3]), s.w("w", [3, 4]));
    const centred = sub(y, reduceMean(y, [0]));
    const range = sub(reduceMax(centred, [0]), sub(0, reduceMax(sub(0, centred), [0])));
    expect(s.kinds(div(centred, maximum(range, 1e-12)))).toEqual({ w: "channel" });
    const t = new Sketch();
    const z = add(matmul(t.x("x", [7, 3]), t.w("w", [3, 4])), t.w("b", [4]));
    const spread = sub(reduceMax(z, [0]), sub(0, reduceMax(sub(0, z), [0]))); // the bias cancels in it
    expect(t.found(div(sub(z, reduceMax(z, [0])), spread)).b).toMatchObject({ withoutEffect: true });
  });

  it("rows of an embedding are tied, as which of them are used is not known", () => {
    const s = new Sketch();
    const table = s.w("table", [6, 4]);
    s.feeds.ids = { dtype: "int32", shape: [5], data: Int32Array.of(0, 3, 5, 3, 1) };
    const rows = gather(table, s.graph.input("ids", [5], "int32"));
    expect(s.found(batchNormed(rows)).table!.invariance).toBe("tensor");
  });
});

describe("what could not be followed", () => {
  it("is named, and what is before it counts as none", () => {
    const graph = new Graph();
    const w = graph.input("w", [3, 4]);
    const opaque = definePrimitive({ name: "opaque", infer: ([x]) => x!, vjp: () => [] });
    const y = graph.apply(opaque, [matmul(graph.input("x", [5, 3]), w)], {});
    const [found] = analyzeInvariance([standardized(y, [0])], [{ name: "w", value: w }], {
      nameOf: (value) => (value === y ? "Custom_3" : undefined),
    });
    expect(found).toMatchObject({ invariance: "none" });
    expect(found!.because).toContain("Custom_3 could not be followed");
  });

  it("is an error where there is nothing to analyse", () => {
    expect(() => analyzeInvariance([], [])).toThrow("expected at least one output");
    const [a, b] = [new Graph(), new Graph()];
    const output = a.input("x");
    expect(() => analyzeInvariance([output], [{ name: "w", value: b.input("w") }])).toThrow("values of one graph");
  });
});
