import { describe, expect, it } from "vitest";
import { InvalidArgumentError, numbersOf, type Tensor, tensor } from "../../src/core/index.js";
import { Graph, gradients, mul, Scope, total } from "../../src/graph/index.js";
import {
  causalBias,
  dropout,
  embedding,
  lstm,
  multiHeadAttention,
  noiseFeeds,
  paddingBias,
  sinusoidalPositions,
} from "../../src/nn/index.js";
import { layerNorm, weightNorm } from "../../src/norm/index.js";
import { evaluate } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { checkBuiltGradient } from "../support/gradient-check.js";
import { numbers } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";

/** Random values for all parameters of a scope. */
const parametersOf = (scope: Scope): Record<string, Tensor> =>
  Object.fromEntries(
    scope.parameters.map(({ name, role, value }) => [name, normal(name, value.shape, role === "gain" ? 1 : 0, 0.5)]),
  );

describe("dropout", () => {
  const [rows, columns] = [300, 40];
  const build = (rate: number, training = true) => {
    const graph = new Graph();
    const x = graph.input("x", [3, rows / 3, columns]);
    const y = dropout(rate).apply(x, new Scope(graph, { training }, "layer"));
    return { graph, x, y };
  };
  const ones: Tensor = tensor(new Float32Array(rows * columns).fill(1), [3, rows / 3, columns]);
  const masks = (rate: number, steps: number): Float64Array[] => {
    const { graph, y } = build(rate);
    return Array.from({ length: steps }, (_, step) => {
      const [values] = evaluate([y], { x: ones, ...noiseFeeds(graph, 1, step) });
      return values!.data as Float64Array;
    });
  };

  it("drops a fraction `rate`, and divides the rest by 1 − rate", () => {
    for (const rate of [0.1, 0.5]) {
      const values = masks(rate, 8).flatMap((mask) => Array.from(mask));
      const dropped = values.filter((value) => value === 0).length / values.length;
      // Columns are pairwise independent, so the variance is that of independent elements; four deviations.
      expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / values.length) + 1 / 4078);
      const kept = new Set(values.filter((value) => value !== 0));
      expect([...kept]).toEqual([expect.closeTo(1 / (1 - rate), 2)]);
    }
  });

  it("drops two elements together as often as independent ones, in a row, in a column and across", () => {
    const all = masks(0.5, 200);
    const together = (at: number, other: number): number =>
      all.filter((mask) => mask[at] === 0 && mask[other] === 0).length / all.length;
    for (const other of [1, 7, columns, 2 * columns, columns + 1, 100 * columns + 5]) {
      expect(Math.abs(together(0, other) - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / all.length));
    }
  });

  it("drops other elements in another step, and the same ones when the step is taken again", () => {
    const { graph } = build(0.5);
    expect(noiseFeeds(graph, 1, 3)).toEqual(noiseFeeds(graph, 1, 3));
    const mask = (step: number): number[] => Array.from(masks(0.5, step + 1)[step]!);
    expect(mask(0)).not.toEqual(mask(1));
    expect(noiseFeeds(graph, 2, 3)).not.toEqual(noiseFeeds(graph, 1, 3));
    expect(Object.keys(noiseFeeds(graph, 1, 1))).toEqual(["noise/layer.rows", "noise/layer.columns"]);
  });

  it("drops the same elements in ONNX Runtime, and passes the gradient where it passes the value", async () => {
    const { graph, x, y } = build(0.3);
    const weights = normal("weights", x.shape);
    const [slope] = gradients(total(mul(y, graph.constant(weights))), [x]);
    const runtime = nodeRuntime({ threads: 1 });
    try {
      const session = await runtime.load({ graph, outputs: { y, slope: slope! } });
      for (let step = 0; step < 20; step++) {
        const feeds = { x: ones, ...noiseFeeds(graph, 1, step) };
        const got = await session.run(feeds);
        const [truth] = evaluate([y], feeds);
        expect(numbersOf(got.y!)).toEqual(Array.from(truth!.data as Float64Array, Math.fround));
        expect(numbersOf(got.slope!)).toEqual(
          numbersOf(got.y!).map((factor, i) => Math.fround(factor * Number(weights.data[i]))),
        );
      }
    } finally {
      await runtime.close();
    }
  });

  it("does nothing in evaluation or at rate 0, and refuses rates of 1 or less than 0", () => {
    const { x, y } = build(0.5, false);
    expect(y).toBe(x);
    const none = build(0);
    expect(none.y).toBe(none.x);
    expect(() => dropout(1)).toThrow(InvalidArgumentError);
    expect(() => dropout(-0.1)).toThrow("dropout: expected a rate in [0, 1), got -0.1");
  });
});

describe("multiHeadAttention", () => {
  const [n, length, width] = [2, 4, 6];
  const build = (bias: "causal" | "padding") => {
    const graph = new Graph();
    const scope = new Scope(graph, { training: true });
    const x = graph.input("x", [n, length, width]);
    const tokens = graph.input("tokens", [n, length], "int32");
    const attention = multiHeadAttention(scope, width, { heads: 3 });
    const added = bias === "causal" ? causalBias(graph, length) : paddingBias(tokens, 0);
    return { scope, y: attention.attendItself(x, added) };
  };
  const tokens = tensor([3, 2, 0, 0, 4, 5, 2, 0], [n, length], "int32");
  const changedAt = (x: Tensor, row: number, position: number): Tensor => {
    const data = Float32Array.from(x.data as Float32Array);
    data.fill(9, (row * length + position) * width, (row * length + position + 1) * width);
    return tensor(data, x.shape);
  };
  /** Which positions [n · length] of y see a change of x at one of them. */
  const seenBy = (bias: "causal" | "padding", row: number, position: number): boolean[] => {
    const { scope, y } = build(bias);
    const x = normal("x", [n, length, width]);
    const feeds = { ...parametersOf(scope), tokens };
    const before = numbers(y, { ...feeds, x })[0]!;
    const after = numbers(y, { ...feeds, x: changedAt(x, row, position) })[0]!;
    return Array.from({ length: n * length }, (_, at) =>
      before.slice(at * width, (at + 1) * width).some((value, i) => value !== after[at * width + i]),
    );
  };

  it("looks at no padding, except a padded position at itself through its query", () => {
    expect(seenBy("padding", 0, 2)).toEqual([false, false, true, false, false, false, false, false]);
    expect(seenBy("padding", 1, 2)).toEqual([false, false, false, false, true, true, true, true]);
  });

  it("looks at nothing later behind a causal bias", () => {
    expect(seenBy("causal", 1, 1)).toEqual([false, false, false, false, false, true, true, true]);
  });

  it("refuses heads that do not divide the width", () => {
    expect(() => multiHeadAttention(new Scope(new Graph(), { training: true }), 6, { heads: 4 })).toThrow(
      "multiHeadAttention: expected heads that divide the width (6), got 4",
    );
  });
});

describe("embedding", () => {
  it("gives rows of the table, scores against all of them, and has the gradient of both uses", () => {
    const graph = new Graph();
    const scope = new Scope(graph, { training: true });
    const tokens = graph.input("tokens", [2, 3], "int32");
    const table = embedding(scope, 5, 4);
    const vectors = table.embed(tokens);
    const scores = table.score(mul(vectors, vectors));
    expect([vectors.shape, scores.shape]).toEqual([
      [2, 3, 4],
      [2, 3, 5],
    ]);
    const feeds = { tokens: tensor([1, 4, 4, 0, 2, 1], [2, 3], "int32"), ...parametersOf(scope) };
    const rows = (feeds as Record<string, Tensor>).weight!.data as Float32Array;
    expect(numbers(vectors, feeds)[0]!.slice(4, 8)).toEqual(Array.from(rows.slice(16, 20)));
    checkBuiltGradient(feeds, { graph, inputs: Object.fromEntries(graph.inputs), output: scores });
  });
});

it("sinusoidalPositions are sin and cos of t / 10000^(2i/width)", () => {
  const { data } = sinusoidalPositions(4, 6);
  for (const [position, pair] of [
    [0, 0],
    [3, 0],
    [3, 1],
    [2, 2],
  ] as const) {
    const angle = position / 10000 ** ((2 * pair) / 6);
    expect(data[position * 6 + 2 * pair]).toBeCloseTo(Math.sin(angle), 6);
    expect(data[position * 6 + 2 * pair + 1]).toBeCloseTo(Math.cos(angle), 6);
  }
  expect(() => sinusoidalPositions(4, 5)).toThrow("an even width, got 5");
});

describe("lstm", () => {
  const [length, n, inputs, width] = [3, 2, 4, 5];
  const variants = {
    plain: {},
    "layer norm": { norm: () => layerNorm() },
    "weight norm": { weightNorm: weightNorm() },
    "layer and weight norm": { norm: () => layerNorm(), weightNorm: weightNorm() },
  };

  it.each(Object.entries(variants))("%s: its gradient, and step by step what it gives at once", (_name, options) => {
    const graph = new Graph();
    const scope = new Scope(graph, { training: true });
    const x = graph.input("x", [length, n, inputs]);
    const layer = lstm(scope, inputs, width, options);
    const all = layer.run(x);
    const feeds = { x: normal("x", x.shape), ...parametersOf(scope) };
    checkBuiltGradient(feeds, { graph, inputs: Object.fromEntries(graph.inputs), output: all.hidden });

    const steps = new Graph();
    const again = new Scope(steps, { training: true });
    const stepped = lstm(again, inputs, width, options);
    let state = stepped.step(steps.input("x0", [n, inputs]));
    for (let t = 1; t < length; t++) state = stepped.step(steps.input(`x${t}`, [n, inputs]), state);
    const pieces = Object.fromEntries(
      Array.from({ length }, (_, t) => [
        `x${t}`,
        tensor((feeds.x!.data as Float32Array).slice(t * n * inputs, (t + 1) * n * inputs), [n, inputs]),
      ]),
    );
    expect(again.parameters.map(({ name }) => name)).toEqual(scope.parameters.map(({ name }) => name));
    const last = numbers(all.hidden, feeds)[0]!.slice(-n * width);
    expect(numbers(state.hidden, { ...feeds, ...pieces })[0]!).toEqual(last.map((value) => expect.closeTo(value, 12)));
  });
});
