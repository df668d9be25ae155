import { expect, test } from "vitest";
import { ShapeError, tensor } from "../../src/core/index.js";
import { channelNorms, cosines, rotations } from "../../src/dynamics/index.js";

test("norms are those of axis 0, over all other axes", () => {
  expect(channelNorms(tensor([3, 4, 0, 0, 1, 2, 2, 4], [2, 2, 2]))).toEqual(Float64Array.of(5, 5));
  expect(channelNorms(tensor([-2, 3], [2]))).toEqual(Float64Array.of(2, 3));
});

test("sums are kept in float64: 2²⁴ ones and more do not stall", () => {
  // A float32 sum of ones stops at 2²⁴; with 3·2¹² of value 64 per channel it would already drift.
  const ones = new Float32Array(2 ** 24 + 4).fill(1);
  expect(channelNorms(tensor(ones, [1, ones.length]))[0]).toBe(Math.sqrt(2 ** 24 + 4));
});

test("rotations measure small angles that an arc cosine loses, and large ones, whatever the norms", () => {
  for (const angle of [1e-9, 7e-4, 0.5, Math.PI / 2, 3]) {
    const before = tensor(Float64Array.of(2, 0, 0, 1), [2, 2], "float64");
    const after = tensor(
      Float64Array.of(5 * Math.cos(angle), 5 * Math.sin(angle), 3 * Math.sin(angle), 3 * Math.cos(angle)),
      [2, 2],
      "float64",
    );
    const measured = rotations(before, after);
    expect(measured).toHaveLength(2);
    for (const value of measured) expect(Math.abs(value / angle - 1)).toBeLessThan(1e-12);
  }
});

test("from float32 weights, 7·10⁻⁴ rad is right to a tenth of a per cent", () => {
  const before = Float32Array.from({ length: 576 }, (_, i) => Math.sin(i + 1));
  const across = Float32Array.from({ length: 576 }, (_, i) => Math.cos(i + 1));
  const after = before.map((x, i) => x + 7e-4 * across[i]!);
  const exact = (() => {
    const [a, b] = [Float64Array.from(before), Float64Array.from(before, (x, i) => x + 7e-4 * across[i]!)];
    const cross = a.reduce((s, x) => s + x * x, 0) * b.reduce((s, x) => s + x * x, 0);
    const product = a.reduce((s, x, i) => s + x * b[i]!, 0);
    return Math.asin(Math.sqrt(cross - product * product) / Math.sqrt(cross));
  })();
  expect(rotations(tensor(before, [1, 576]), tensor(after, [1, 576]))[0]! / exact).toBeCloseTo(1, 3);
});

test("opposite directions turn by π", () => {
  expect(rotations(tensor([1, 2], [1, 2]), tensor([-2, -4], [1, 2]))[0]).toBeCloseTo(Math.PI, 6);
});

test("cosines compare directions channel by channel", () => {
  const measured = cosines(tensor([1, 0, 3, 4], [2, 2]), tensor([0, 7, 6, 8], [2, 2]));
  expect(measured[0]).toBe(0);
  expect(measured[1]).toBeCloseTo(1, 15);
});

test("a channel of norm 0 has no direction, and says so", () => {
  const dead = tensor([0, 0, 1, 0], [2, 2]);
  expect([...rotations(dead, dead)]).toEqual([Number.NaN, 0]);
  expect([...cosines(dead, dead)]).toEqual([Number.NaN, 1]);
});

test("shapes that do not fit are refused", () => {
  expect(() => channelNorms(tensor([1], []))).toThrow(ShapeError);
  expect(() => rotations(tensor([1, 2], [1, 2]), tensor([1, 2], [2, 1]))).toThrow(
    /rotations: expected two tensors of one shape \(\[1,2\]\), got \[2,1\]/,
  );
  expect(() => cosines(tensor([1, 2], [1, 2]), tensor([1, 2], [2, 1]))).toThrow(ShapeError);
});
