import { describe, expect, it } from "vitest";
import { expectedMaximum, expectedTopMean, gaussianMoment, lInf, range, topK } from "../../src/norm/index.js";
import { expectedTop, sum } from "./table/index.js";

const { PI, sqrt, asin, log, exp } = Math;

describe("the expected maximum of n normal numbers", () => {
  it.each([
    [1, 0],
    [2, 1 / sqrt(PI)],
    [3, 3 / (2 * sqrt(PI))],
    [4, (3 / sqrt(PI)) * (1 / 2 + asin(1 / 3) / PI)],
    [5, (5 / sqrt(PI)) * (1 / 4 + (3 * asin(1 / 3)) / (2 * PI))],
  ])("n = %i: the closed form", (n, expected) => {
    expect(expectedMaximum(n)).toBeCloseTo(expected, 11);
  });

  // Harter 1961, Expected values of normal order statistics, Biometrika 48, table 1: five decimals.
  it.each([
    [10, 1.53875],
    [20, 1.86748],
    [50, 2.24907],
    [100, 2.50759],
  ])("n = %i: Harter's table", (n, expected) => {
    expect(expectedMaximum(n)).toBeCloseTo(expected, 5);
  });

  it.each([7, 333, 2000, 131072])("n = %i: the order statistic's density integrated", (n) => {
    expect(expectedMaximum(n) / expectedTop(n, 1, "normal")).toBeCloseTo(1, 9);
  });
});

describe("the expected mean of the k largest of n magnitudes", () => {
  const one = sqrt(2 / PI);

  it.each([
    [1, 1, one],
    [2, 1, 2 / sqrt(PI)], // max(|a|, |b|) = (|a + b| + |a − b|)/2
    [2, 2, one],
    [10, 10, one],
    [1000, 1000, one],
  ])("n = %i, k = %i: the closed form", (n, k, expected) => {
    expect(expectedTopMean(n, k)).toBeCloseTo(expected, 11);
  });

  it.each([
    [5, 3],
    [24, 10],
    [333, 1],
    [333, 10],
    [2000, 25],
    [131072, 1],
    [131072, 10],
  ])("n = %i, k = %i: the order statistics' densities integrated", (n, k) => {
    expect(expectedTopMean(n, k) / expectedTop(n, k, "magnitude")).toBeCloseTo(1, 8);
  });
});

describe("very many values", () => {
  /** P(z > x), by its continued fraction. */
  function tail(x: number): number {
    let fraction = x;
    for (let i = 200; i >= 1; i--) fraction = x + i / fraction;
    return exp((-x * x) / 2) / sqrt(2 * PI) / fraction;
  }

  it.each([1e7, 1e12, 1e30])("n = %d: the maximum tends to Gumbel's law, b + 0.5772/b", (n) => {
    let [low, high] = [1, 40];
    for (let i = 0; i < 100; i++) {
      const middle = (low + high) / 2;
      if (n * tail(middle) > 1) low = middle;
      else high = middle;
    }
    expect(expectedMaximum(n) / (low + 0.5772156649 / low)).toBeCloseTo(1, 2);
    expect(expectedTopMean(n, 1) / expectedMaximum(2 * n)).toBeCloseTo(1, 7); // n magnitudes have 2n tails
    expect(expectedTopMean(n, 10)).toBeLessThan(expectedTopMean(n, 1));
  });

  it("the paper's constant overestimates σ of 131072 values: ×1.459 by the maximum, ×1.326 by the top 10", () => {
    const n = 131072;
    expect(lInf().gaussianConstant(n) * expectedTop(n, 1, "magnitude")).toBeCloseTo(1.459, 3);
    expect(topK(10).gaussianConstant(n) * expectedTop(n, 10, "magnitude")).toBeCloseTo(1.326, 3);
    expect(range().gaussianConstant(n) * expectedTop(n, 1, "normal")).toBeLessThan(1);
    expect(lInf({ constant: "exact" }).gaussianConstant(n) * expectedTop(n, 1, "magnitude")).toBeCloseTo(1, 8);
    expect(topK(10, { constant: "exact" }).gaussianConstant(n) * expectedTop(n, 10, "magnitude")).toBeCloseTo(1, 8);
    expect(range({ constant: "exact" }).gaussianConstant(n) * expectedTop(n, 1, "normal")).toBeCloseTo(1, 8);
  });
});

describe("(E |z|ᵖ)^(1/p)", () => {
  it.each([
    [1, sqrt(2 / PI)],
    [1.5, ((2 ** 0.75 * 0.9064024770554771) / sqrt(PI)) ** (1 / 1.5)], // Γ(5/4)
    [2, 1],
    [3, (2 * sqrt(2 / PI)) ** (1 / 3)],
    [4, 3 ** (1 / 4)],
    [6, 15 ** (1 / 6)],
  ])("p = %d: the closed form", (p, expected) => {
    expect(gaussianMoment(p)).toBeCloseTo(expected, 12);
  });

  it.each([20, 200, 1000, 10000])("p = %i: (p − 1)!! by its logarithm, where it passes all doubles", (p) => {
    const odd = Array.from({ length: p / 2 }, (_, i) => log(2 * i + 1));
    expect(gaussianMoment(p) / exp(sum(odd) / p)).toBeCloseTo(1, p <= 1000 ? 11 : 5);
  });
});

describe("a metric's constant", () => {
  it.each(["Paper", 0, -1, Number.NaN, Number.POSITIVE_INFINITY])("%s is refused", (constant) => {
    for (const metric of [lInf, range, (options: object) => topK(10, options)]) {
      expect(() => metric({ constant: constant as number })).toThrow(`got ${constant}`);
    }
  });
});
