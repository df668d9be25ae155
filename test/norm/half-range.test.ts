import { afterAll, describe, expect, it } from "vitest";
import { tensor } from "../../src/core/index.js";
import { Graph, type NormAccumulator, type Precision, square, type Value } from "../../src/graph/index.js";
import { accumulation, estimate, l1, l2, type Metric } from "../../src/norm/index.js";
import { evaluate } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { expectAllClose } from "../support/compare.js";
import { relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import {
  buildNorm,
  halfAccumulators,
  inFloat64,
  layerProgram,
  metricRows,
  nextBuffers,
  pairs,
  runningPairs,
  runOn,
} from "./table/index.js";

const many = 131072;

/** Applies a function to n numbers as [n] in float64. */
function applied(values: Float32Array, f: (x: Value) => Value): number {
  const graph = new Graph();
  return Number(evaluate([f(graph.input("x", [values.length]))], { x: tensor(values) })[0]!.data[0]);
}

const draws = (n: number, sigma: number): Float32Array => normal(`draws ${n}`, [n], 0, sigma).data;

/** σ of n Gaussian values as a metric estimates it, relative to σ. */
function relativeSigma(metric: Metric, accumulator: NormAccumulator, n: number, sigma: number): number {
  const { mean } = accumulation(accumulator);
  const powered = applied(draws(n, sigma), (x) => estimate(metric, x, [0], n, mean));
  return powered ** (1 / metric.power) / sigma;
}

describe.each(halfAccumulators.map((row) => [row.name, row] as const))("the mean of %s", (name, row) => {
  it.each([1, 2, 31, 32, 33, 100, 1000, 1024, 1025, 40000])(
    "of %i values is that of loops over single numbers",
    (n) => {
      for (const sigma of [1e-4, 1, 300]) {
        const values = draws(n, sigma);
        expect(applied(values, (x) => accumulation(name).mean(x, [0]))).toBe(row.mean([...values]));
        const squares = [...values].map((x) => x * x);
        expect(applied(values, (x) => accumulation(name).mean(square(x), [0]))).toBe(row.mean(squares));
      }
    },
  );
});

describe("what float16 accumulators cannot add", () => {
  const close = (ratio: number, tolerance = 0.02): boolean => Math.abs(ratio - 1) < tolerance;

  it("fp16-sum: sums beyond 65504, so neither Σ|x| nor Σx² of 131072 unit values, but both of 32768", () => {
    expect(relativeSigma(l1(), "fp16-sum", many, 1)).toBe(Infinity);
    expect(relativeSigma(l2(), "fp16-sum", many, 1)).toBe(Infinity);
    expect(close(relativeSigma(l1(), "fp16-sum", 32768, 1))).toBe(true);
    expect(close(relativeSigma(l2(), "fp16-sum", 32768, 1))).toBe(true);
  });

  it("fp16-block-mean: squares beyond 65504 or below 2⁻²⁴, so L2 for σ > 256 and σ = 1e-4, but L1 for both", () => {
    expect(close(relativeSigma(l2(), "fp16-block-mean", many, 1))).toBe(true);
    expect(close(relativeSigma(l2(), "fp16-block-mean", many, 30))).toBe(true);
    expect(relativeSigma(l2(), "fp16-block-mean", many, 257)).toBe(Infinity);
    expect(relativeSigma(l2(), "fp16-block-mean", many, 1e-4)).toBeLessThan(0.5);
    for (const sigma of [1e-4, 1, 257, 10000]) {
      expect(close(relativeSigma(l1(), "fp16-block-mean", many, sigma)), `σ = ${sigma}`).toBe(true);
    }
  });

  it("fp16-mean-first: terms below half of 2⁻²⁴·n, which is 0.0039 for 131072 values", () => {
    expect(close(relativeSigma(l1(), "fp16-mean-first", many, 1))).toBe(true);
    expect(close(relativeSigma(l1(), "fp16-mean-first", many, 10000))).toBe(true);
    expect(relativeSigma(l1(), "fp16-mean-first", many, 1e-3)).toBeLessThan(0.1);
    const constant = (value: number): number =>
      applied(new Float32Array(many).fill(value), (x) => accumulation("fp16-mean-first").mean(x, [0]));
    expect(constant(0.0038)).toBe(0);
    expect(constant(0.004)).toBe(2 ** -24 * many);
  });

  it("fp32: nothing of this", () => {
    for (const metric of [l1(), l2()]) {
      for (const sigma of [1e-4, 1, 300]) expect(close(relativeSigma(metric, "fp32", many, sigma))).toBe(true);
    }
  });
});

describe("a batch whose squares overflow in float16", () => {
  const [, norm] = runningPairs.find(([, { name }]) => name === "batchNorm [N, C, H, W]")!;
  const precision: Precision = { storage: "float16", normAccumulator: "fp16-block-mean" };

  it.each(metricRows.map((row) => [row.name, row] as const))(
    "%s moves its running statistics only if it is finite",
    (_name, row) => {
      const built = buildNorm(norm, row, {}, { precision }, normal("wide", norm.shape, 0, 1000));
      const before = built.scope.buffers.map(({ name }) => Array.from(built.feeds[name]!.data, Number));
      const after = Object.values(nextBuffers(built, built.feeds));
      if (row.name === "l2") expect(after).toEqual(before);
      else for (const [i, values] of after.entries()) expect(relativeDistance(values, before[i]!)).toBeGreaterThan(1);
    },
  );
});

describe("ONNX Runtime rounds where the reference does", () => {
  const runtime = nodeRuntime({ threads: 1 });
  afterAll(() => runtime.close());

  const some = pairs.filter(([, norm, metric]) => norm.name === "batchNorm [N, C, H, W]" || metric.name === "l1");
  const cases = halfAccumulators.flatMap(({ name }) =>
    some.map(([title, norm, metric]) => [`${name}, ${title}`, name, norm, metric] as const),
  );
  it.each(cases)("%s", async (_title, normAccumulator, norm, metric) => {
    const built = buildNorm(norm, metric, {}, { precision: { storage: "float16", normAccumulator } });
    const program = layerProgram(built);
    const [results] = await runOn(runtime, program, built.feeds);
    expectAllClose(results!, inFloat64(program, built.feeds), { relative: 3e-5 });
  });
});
