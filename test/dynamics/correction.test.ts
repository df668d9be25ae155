import { describe, expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../src/core/index.js";
import {
  effectiveRate,
  effectiveRates,
  normScheduleFactor,
  paperCorrectedRate,
  plainSgdCorrectedRate,
} from "../../src/dynamics/index.js";
import { cosine, courseOfRates, noisyProblem, norm, normals, train } from "./scale-invariant.js";

test("the effective rate is that of the direction at unit norm", () => {
  expect(effectiveRate(0.1, 2)).toBeCloseTo(0.025, 15);
  expect(effectiveRate(0.1, 2, 0.9)).toBeCloseTo(0.25, 14);
  expect(effectiveRate(0.1, 0)).toBe(Number.POSITIVE_INFINITY);
  expect([...effectiveRates(1, [1, 2, 4])]).toEqual([1, 0.25, 0.0625]);
});

describe("norm scheduling and the paper's correction", () => {
  test("are the same training, momentum included", () => {
    const steps = 300;
    const problem = noisyProblem(3, 10, 1);
    // Positive throughout: no finite norm stands for a rate of 0.
    const rates = courseOfRates(0.1, steps).map((rate) => Math.max(rate, 1e-3));
    const [w, m] = [normals(randomStream(3, "w"), 10), normals(randomStream(3, "m"), 10)];
    const on = train({ problem, rates, momentum: new Float64Array(steps).fill(0.9), decay: 0.02, w, m });
    const constantRate = 0.1;

    let corrected = { w, m };
    let scheduled = { w, m };
    const step = (state: typeof corrected, rate: number, t: number): typeof corrected => {
      const g = problem.gradient(state.w, t);
      const next = state.m.map((x, i) => 0.9 * x + g[i]!);
      return { w: state.w.map((x, i) => x - rate * next[i]!), m: next };
    };
    rates.forEach((rate, t) => {
      const referenceNorm = norm(on.weights[t]!);
      corrected = step(corrected, paperCorrectedRate(rate, norm(corrected.w), referenceNorm), t);

      const c = normScheduleFactor({ norm: norm(scheduled.w), referenceNorm, rate, constantRate });
      const rescaled = { w: scheduled.w.map((x) => c * x), m: scheduled.m.map((x) => x / c) };
      expect(effectiveRate(constantRate, norm(rescaled.w))).toBeCloseTo(effectiveRate(rate, referenceNorm), 12);
      scheduled = step(rescaled, constantRate, t);
      expect(1 - cosine(scheduled.w, corrected.w)).toBeLessThan(1e-10);
    });
    // Both follow the run with decay, without being it.
    expect(1 - cosine(corrected.w, on.weights.at(-1)!)).toBeGreaterThan(1e-9);
    expect(1 - cosine(corrected.w, on.weights.at(-1)!)).toBeLessThan(1e-2);
  });

  test("refuse what they cannot answer", () => {
    expect(() => paperCorrectedRate(0.1, 1, 0)).toThrow(InvalidArgumentError);
    expect(() => paperCorrectedRate(0.1, 1, 0)).toThrow(/referenceNorm > 0, got 0/);
    expect(() => paperCorrectedRate(-0.1, 1, 1)).toThrow(/rate ≥ 0, got -0\.1/);
    expect(() => plainSgdCorrectedRate(1, 1, 1, 1)).toThrow(/rate × weightDecay < 1, got 1/);
    expect(() => normScheduleFactor({ norm: 1, referenceNorm: 1, rate: 0, constantRate: 1 })).toThrow(
      /rate > 0, got 0/,
    );
  });
});
