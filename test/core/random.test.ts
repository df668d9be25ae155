import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";

/** The first n raw 32-bit words of a stream. */
const words = (n: number, ...keys: [number, ...(string | number)[]]): number[] => {
  const random = randomStream(...keys);
  return Array.from({ length: n }, () => random.uniform() * 2 ** 32);
};

// The pinned numbers come from an independent Python 3.11 program of the same definition (FNV-1a over the JSON of the keys
// with four offsets, murmur3's finalizer, xoshiro128**), itself checked against xoshiro128**'s known first outputs of
// state 1, 2, 3, 4: 11520, 0, 5927040, 70819200, 2031721883. Changing them breaks the resuming of every saved run.
describe("random streams are pinned", () => {
  it("uniform", () => {
    expect(words(4, 0)).toEqual([380358164, 1398075697, 590174825, 686695918]);
    expect(words(4, 1, "shuffle", 3)).toEqual([2345442106, 4234099826, 1986974210, 95100691]);
  });

  it("normal", () => {
    const random = randomStream(7, "normal");
    for (const value of [-0.7059883892875735, 0.2865104730557994, -0.13590965997550422, -0.7680908122960161]) {
      expect(random.normal()).toBeCloseTo(value, 14);
    }
  });

  it("permutation", () => {
    expect([...randomStream(7, "permutation").permutation(10)]).toEqual([6, 2, 7, 0, 9, 1, 5, 4, 3, 8]);
  });
});

describe("random streams", () => {
  it("are the same for the same keys", () => {
    expect(words(50, 3, "a", 1)).toEqual(words(50, 3, "a", 1));
  });

  it("differ wherever keys do, also where joining them as text would not", () => {
    const streams = [
      words(2, 1),
      words(2, 2),
      words(2, 1, 0),
      words(2, 1, "0"),
      words(2, 1, "a", "b"),
      words(2, 1, "a/b"),
      words(2, 1, "a,b"),
      words(2, 1, "ab"),
      words(2, 1, "b", "a"),
    ];
    expect(new Set(streams.map((stream) => stream.join())).size).toBe(streams.length);
  });

  it("are uncorrelated for neighbouring seeds and epochs", () => {
    const n = 20_000;
    const pairs: readonly [[number, string, number], [number, string, number]][] = [
      [
        [1, "shuffle", 1],
        [1, "shuffle", 2],
      ],
      [
        [1, "shuffle", 1],
        [2, "shuffle", 1],
      ],
    ];
    for (const [a, b] of pairs) {
      const [left, right] = [randomStream(...a), randomStream(...b)];
      let sum = 0;
      for (let i = 0; i < n; i++) sum += left.normal() * right.normal();
      expect(Math.abs(sum / n)).toBeLessThan(4 / Math.sqrt(n)); // four standard errors
    }
  });

  it("uniform lies in [0, 1) with mean 1/2 and variance 1/12", () => {
    const n = 100_000;
    const random = randomStream(5, "uniform");
    const values = Array.from({ length: n }, () => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const [mean, variance] = moments(values);
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / n));
  });

  it("normal has mean 0, variance 1, kurtosis 3, and neighbours that do not depend on each other", () => {
    const n = 200_000;
    const random = randomStream(6, "normal");
    const values = Array.from({ length: n }, () => random.normal());
    const [mean, variance] = moments(values);
    const fourth = values.reduce((sum, x) => sum + x ** 4, 0) / n;
    const lagged = values.reduce((sum, x, i) => sum + x * (values[i + 1] ?? 0), 0) / n;
    // four standard errors each: Var(x) = 1, Var(x²) = 2, Var(x⁴) = 96
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(fourth - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    expect(Math.abs(lagged)).toBeLessThan(4 / Math.sqrt(n));
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it("integer covers [0, bound) evenly", () => {
    const n = 60_000;
    const random = randomStream(8, "integer");
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < n; i++) counts[random.integer(6)]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - n / 6) ** 2 / (n / 6), 0);
    expect(chiSquare).toBeLessThan(20.5); // the 0.999 quantile for 5 degrees of freedom
  });

  it("permutation holds every integer once, and each order is as likely", () => {
    const sorted = [...randomStream(9).permutation(1000)].sort((a, b) => a - b);
    expect(sorted).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    const orders = new Map<string, number>();
    const n = 12_000;
    for (let i = 0; i < n; i++) {
      const order = randomStream(9, i).permutation(3).join();
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    const chiSquare = [...orders.values()].reduce((sum, count) => sum + (count - n / 6) ** 2 / (n / 6), 0);
    expect(chiSquare).toBeLessThan(20.5);
  });

  it("permutations of 0 and 1 elements exist", () => {
    expect([...randomStream(1).permutation(0)]).toEqual([]);
    expect([...randomStream(1).permutation(1)]).toEqual([0]);
  });
});

function moments(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return [mean, values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length];
}
