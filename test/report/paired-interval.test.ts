import { describe, expect, it } from "vitest";
import { pairedInterval, sampleOf } from "../../src/report/paired-interval.js";
import { studentT } from "../../src/report/student-t.js";

describe("studentT", () => {
  // Two-sided 95% and 99% quantiles from mpmath 1.4.1 at 30 digits: the root of 1 − I(ν/(ν + t²); ν/2, 1/2) − coverage.
  it.each([
    [1, 12.7062047361747, 63.65674116287158],
    [2, 4.302652729749464, 9.924843200918293],
    [3, 3.18244630528371, 5.840909309733357],
    [4, 2.776445105197794, 4.604094871349993],
    [5, 2.570581835636316, 4.032142983555228],
    [9, 2.262157162798206, 3.249835541592126],
    [10, 2.228138851986275, 3.169272672616951],
    [30, 2.042272456301238, 2.749995653567225],
  ])("with %i degrees of freedom", (degrees, t95, t99) => {
    expect(Math.abs(studentT(0.95, degrees) / t95 - 1)).toBeLessThan(1e-13);
    expect(Math.abs(studentT(0.99, degrees) / t99 - 1)).toBeLessThan(1e-13);
  });

  it("tends to the normal quantile, from above", () => {
    const far = studentT(0.95, 100_000);
    expect(far).toBeGreaterThan(1.959963984540054);
    expect(far).toBeLessThan(1.95999);
  });

  it("refuses what is no probability or no whole number", () => {
    expect(() => studentT(1, 3)).toThrow(/coverage in \(0, 1\), got 1/);
    expect(() => studentT(0.95, 2.5)).toThrow(/whole number of degrees of freedom, got 2.5/);
    expect(() => studentT(0.95, 0)).toThrow(/got 0/);
  });
});

describe("sampleOf", () => {
  it("divides by n − 1", () => {
    const { mean, sd } = sampleOf([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(mean).toBe(5);
    expect(sd).toBeCloseTo(Math.sqrt(32 / 7), 14);
  });

  it("has no spread for one value, and refuses none", () => {
    expect(sampleOf([3]).sd).toBeUndefined();
    expect(() => sampleOf([])).toThrow(/at least one value/);
  });
});

describe("pairedInterval", () => {
  it("equals the published result on Student's sleep data (1908)", () => {
    // R: t.test(extra ~ group, data = sleep, paired): mean −1.58, 95% interval [−2.4598858, −0.7001142].
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const { mean, halfWidth } = pairedInterval(first.map((value, i) => [value, second[i]!] as const));
    expect(mean).toBeCloseTo(-1.58, 12);
    expect(mean - halfWidth!).toBeCloseTo(-2.4598858, 7);
    expect(mean + halfWidth!).toBeCloseTo(-0.7001142, 7);
  });

  it("sees a small difference that the spread between pairs would hide", () => {
    const pairs = [60, 70, 80, 90].map((base, i) => [base + 1 + i * 0.01, base] as const);
    const { mean, halfWidth } = pairedInterval(pairs);
    expect(mean - halfWidth!).toBeGreaterThan(0.9);
  });

  it("gives no interval for one pair", () => {
    expect(pairedInterval([[2, 1]])).toEqual({ mean: 1, values: [1] });
  });
});
