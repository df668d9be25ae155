import { describe, expect, it } from "vitest";
import { batchNorm } from "../../src/norm/index.js";
import { buildLayer, outputOf } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import { grouped, type MetricRow, mean, metricRows, type NormRow, normRows, pairs } from "./table/index.js";

const sigma = 3;
const rootMeanSquare = (x: readonly number[]): number => Math.sqrt(mean(x.map((v) => v * v)));

/** σ as the metric estimates it in each group of normal numbers: by what the output is smaller than the input. */
function estimates(norm: NormRow, { metric }: MetricRow): number[] {
  const x = normal(`gaussian ${norm.name}`, norm.large, 0, sigma);
  const built = buildLayer(norm.make({ metric, affine: false, epsilon: 1e-12 }), x);
  const [before, after] = [Array.from(x.data), outputOf(built, built.feeds)].map((values) => [
    ...grouped(norm, values, norm.large).values(),
  ]);
  return before!.map((values, i) => {
    const centre = norm.centre ? mean(values) : 0;
    return rootMeanSquare(values.map((value) => value - centre)) / rootMeanSquare(after![i]!);
  });
}

/** Holds the mean of estimates against C(n)·E s·σ, to five standard errors. */
function expectKnownScale(found: readonly number[], { constant, expectation }: MetricRow, n: number): void {
  const average = mean(found);
  const deviation = rootMeanSquare(found.map((estimate) => estimate - average));
  const known = sigma * constant(n) * expectation(n);
  expect(Math.abs(average - known)).toBeLessThan((5 * deviation) / Math.sqrt(found.length));
}

describe("Gaussian values get the scale that the constant says", () => {
  it.each(pairs)("%s", (_name, norm, metric) => {
    const found = estimates(norm, metric);
    expect(found.length).toBeGreaterThanOrEqual(16);
    expectKnownScale(found, metric, 512);
  });
});

describe("and within two percent, over 100 channels", () => {
  const wide: NormRow = { ...normRows[0]!, make: (options) => batchNorm(options), large: [512, 100] };

  it.each(metricRows.map((metric) => [metric.name, metric] as const))("%s", (_name, metric) => {
    const found = estimates(wide, metric);
    expectKnownScale(found, metric, 512);
    const ratio = mean(found) / sigma / (metric.constant(512) * metric.expectation(512));
    expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
  });
});

describe("The constant C(n)", () => {
  const sizes = [1, 2, 5, 24, 512];
  const named = metricRows.map((row) => [row.name, row] as const);

  it.each(named)("of %s is that of its source", (_name, { metric, constant }) => {
    for (const n of sizes) expect(metric.gaussianConstant(n), `n = ${n}`).toBeCloseTo(constant(n), 10);
  });

  it.each(named.filter(([name]) => /exact|^l1$|^l2$|^lp/.test(name)))(
    "of %s makes Gaussian values' s an unbiased σ",
    (_name, { metric, expectation }) => {
      for (const n of sizes) expect(metric.gaussianConstant(n) * expectation(n), `n = ${n}`).toBeCloseTo(1, 10);
    },
  );
});
