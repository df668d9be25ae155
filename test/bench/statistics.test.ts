import { expect, test } from "vitest";
import { normResult } from "../../bench/norms.js";
import { fittedExponent, median, pairedRatio } from "../../bench/statistics.js";

test("median", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("a ratio is taken within rounds: what slows both cancels", () => {
  expect(pairedRatio([100, 50, 10], [80, 40, 8])).toBe(1.25);
  expect(pairedRatio([100], [40, 50, 60])).toBe(2);
});

test("the exponent of a power law is found, whatever its factor", () => {
  const sizes = [1, 2, 4, 8, 16];
  expect(
    fittedExponent(
      sizes,
      sizes.map((size) => 3 * size ** 1.37),
    ),
  ).toBeCloseTo(1.37, 12);
  expect(fittedExponent(sizes, [5, 5, 5, 5, 5])).toBeCloseTo(0, 12);
});

test("a cost that every call has lowers the exponent of all sizes, not that of the largest", () => {
  const elements = Array.from({ length: 9 }, (_, power) => 2 ** (16 + power));
  const linear = normResult(
    ["l1", "normwise", 1],
    elements.map((count) => 0.2 + count / 1e6),
  );
  expect(linear.elements).toEqual(elements);
  expect(linear.exponent).toBeLessThan(0.95);
  expect(linear.exponentOfLargest).toBeGreaterThan(0.96);
  expect(linear.exponentOfLargest).toBeLessThan(1);
});
