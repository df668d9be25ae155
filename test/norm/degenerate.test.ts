import { afterAll, describe, expect, it } from "vitest";
import { sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { type BuiltLayer, outputOf, relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import {
  buildNorm,
  inFloat64,
  inputOf,
  layerProgram,
  metricRows,
  type NormRow,
  normRows,
  pairs,
  positionOf,
  runningPairs,
  runOn,
  trainedByHand,
} from "./table/index.js";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** β of every element; 0 where there is none. */
function shifts(norm: NormRow, { feeds, x: { shape } }: BuiltLayer): number[] {
  const { bias } = feeds;
  return Array.from({ length: sizeOf(shape) }, (_, index) =>
    Number(bias?.data[norm.feature(positionOf(index, shape), shape)] ?? 0),
  );
}

/** Names of the results (output, gradients, next buffers) that have an element that is not finite. */
function notFinite(results: Readonly<Record<string, Tensor>>): string[] {
  return Object.keys(results).filter((name) => !Array.from(results[name]!.data, Number).every(Number.isFinite));
}

describe.each(pairs)("%s", (_name, norm, metric) => {
  it("gives β for a constant input, with finite gradients and statistics", async () => {
    const constant = new Float32Array(sizeOf(norm.shape)).fill(norm.centre ? 7 : 0); // what its mean leaves is 0
    const built = buildNorm(norm, metric, {}, {}, tensor(constant, norm.shape));
    const program = layerProgram(built);
    const [onRuntime] = await runOn(runtime, program, built.feeds);
    for (const results of [inFloat64(program, built.feeds), onRuntime!]) {
      const distances = shifts(norm, built).map((shift, i) => Math.abs(Number(results.output!.data[i]) - shift));
      expect(Math.max(...distances)).toBeLessThan(1e-15);
      expect(notFinite(results)).toEqual([]);
    }
  });

  it("is defined for one value per statistic: β, where that is its own mean", async () => {
    const built = buildNorm(norm, metric, {}, {}, normal("single", norm.single));
    const program = layerProgram(built);
    const [onRuntime] = await runOn(runtime, program, built.feeds);
    for (const results of [inFloat64(program, built.feeds), onRuntime!]) {
      if (norm.centre) expect(Array.from(results.output!.data, Number)).toEqual(shifts(norm, built));
      expect(notFinite(results)).toEqual([]);
    }
  });
});

describe("a batch that is not finite leaves the running statistics exactly as they were", () => {
  it.each(runningPairs)("%s", async (_name, norm, metric) => {
    const built = buildNorm(norm, metric);
    const program = layerProgram(built);
    const batches = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].flatMap((poison) =>
      [0, 7, built.feeds.x!.data.length - 1].map((at) => {
        const x = inputOf(norm);
        x.data[at] = poison;
        return { ...built.feeds, x };
      }),
    );
    const onRuntime = await runOn(runtime, program, ...batches);
    for (const [i, batch] of batches.entries()) {
      for (const results of [inFloat64(program, batch), onRuntime[i]!]) {
        for (const { name } of built.scope.buffers) {
          const next = Array.from(results[`next/${name}`]!.data, Number);
          expect(next, `${name}, batch ${i}`).toEqual(Array.from(built.feeds[name]!.data, Number));
        }
      }
    }
  });
});

describe.each(metricRows.map((row) => [row.name, row] as const))("%s of few values", (_name, row) => {
  it.each([1, 2, 3, 4, 5, 7, 9])("is its formula for n = %i", (n) => {
    const norm: NormRow = { ...normRows[0]!, shape: [n, 3] };
    const built = buildNorm(norm, row, { epsilon: 0.1 });
    const expected = trainedByHand(norm, row, built.feeds, 0.1);
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-9);
  });
});
