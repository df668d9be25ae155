import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { constant, fanIn, fanOut, heNormal, normal, uniform, uniformFanIn } from "../../src/nn/index.js";

const shape = [64, 32, 3, 3];
const of = (initializer: ReturnType<typeof constant>, seed = 1): number[] =>
  Array.from(initializer(shape, randomStream(seed, "weights"), () => expect.fail("it depends on nothing")));

function moments(values: readonly number[]): { mean: number; std: number; kurtosis: number } {
  const average = (of: (x: number) => number): number => values.reduce((sum, x) => sum + of(x), 0) / values.length;
  const mean = average((x) => x);
  const variance = average((x) => (x - mean) ** 2);
  return { mean, std: Math.sqrt(variance), kurtosis: average((x) => (x - mean) ** 4) / variance ** 2 };
}

it("fans of a weight [out, in, h, w] and of [out, in]", () => {
  expect([fanIn(shape), fanOut(shape)]).toEqual([32 * 9, 64 * 9]);
  expect([fanIn([5, 7]), fanOut([5, 7])]).toEqual([7, 5]);
});

// 18,432 numbers: the standard errors are 0.7% of σ for the mean, 0.5% for σ, 0.04 for a normal's kurtosis.
describe.each([
  ["heNormal, over the fan-out", heNormal(), Math.sqrt(2 / (64 * 9)), 3],
  ["heNormal, over the fan-in", heNormal(fanIn), Math.sqrt(2 / (32 * 9)), 3],
  ["normal", normal(0.3), 0.3, 3],
  ["uniform", uniform(0.6), 0.6 / Math.sqrt(3), 1.8],
  ["uniformFanIn", uniformFanIn(), 1 / Math.sqrt(32 * 9 * 3), 1.8],
  ["uniformFanIn of a given fan", uniformFanIn(12), 1 / 6, 1.8],
])("%s", (_, initializer, std, kurtosis) => {
  const got = moments(of(initializer));

  it("has mean 0, the standard deviation of its formula and the shape of its law", () => {
    expect(Math.abs(got.mean) / std).toBeLessThan(0.03);
    expect(Math.abs(got.std / std - 1)).toBeLessThan(0.02);
    expect(Math.abs(got.kurtosis - kurtosis)).toBeLessThan(0.16);
  });

  it("follows from the seed", () => {
    expect(of(initializer)).toEqual(of(initializer));
    expect(of(initializer, 2)).not.toEqual(of(initializer));
  });
});

it("a uniform stays in its bounds", () => {
  const values = of(uniform(0.6));
  expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.fround(-0.6));
  expect(Math.max(...values)).toBeLessThanOrEqual(Math.fround(0.6));
});

it("a constant is that everywhere", () => {
  expect(new Set(of(constant(0.5)))).toEqual(new Set([0.5]));
});
