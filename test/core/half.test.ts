import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBfloat16Bits, fromFloat16Bits, toBfloat16Bits, toFloat16Bits } from "../../src/core/index.js";

const formats = [
  { name: "float16", to: toFloat16Bits, from: fromFloat16Bits, infinity: 0x7c00, limit: 65520 },
  // Halfway from the largest finite bfloat16, (2 − 2⁻⁷) 2¹²⁷, to 2¹²⁸.
  { name: "bfloat16", to: toBfloat16Bits, from: fromBfloat16Bits, infinity: 0x7f80, limit: (2 - 2 ** -8) * 2 ** 127 },
] as const;

describe.each(formats)("$name", ({ to, from, infinity, limit }) => {
  it("comes back from all 65536 patterns; every NaN becomes one NaN", () => {
    for (let pattern = 0; pattern < 65536; pattern++) {
      const value = from(pattern);
      const nan = (pattern & 0x7fff) > infinity;
      const back = to(value);
      const right = nan ? Number.isNaN(value) && (back & 0x7fff) > infinity : back === pattern;
      if (!right) expect({ pattern, value, back }).toBe("the same pattern, or NaN");
    }
  });

  it("grows with the pattern", () => {
    for (let pattern = 1; pattern <= infinity; pattern++) {
      if (!(from(pattern) > from(pattern - 1))) expect(pattern).toBe("larger than the one before");
    }
  });

  it("rounds halfway cases to the even neighbour, and anything else to the nearer one, on both sides of 0", () => {
    for (let pattern = 0; pattern < infinity - 1; pattern++) {
      const [below, above] = [from(pattern), from(pattern + 1)];
      const middle = (below + above) / 2; // exact in float64
      const even = pattern % 2 === 0 ? pattern : pattern + 1;
      const nudge = (above - below) * 2 ** -40; // smaller than half a float32 step
      const found = [to(middle), to(-middle), to(middle - nudge), to(middle + nudge)];
      const wanted = [even, even | 0x8000, pattern, pattern + 1];
      if (found.join() !== wanted.join()) expect({ pattern, found }).toEqual({ pattern, found: wanted });
    }
  });

  it("overflows to infinity from halfway to the next power of two", () => {
    expect(to(limit)).toBe(infinity);
    expect(to(-limit)).toBe(infinity | 0x8000);
    expect(to(limit * (1 - 2 ** -50))).toBe(infinity - 1);
    expect(to(Number.POSITIVE_INFINITY)).toBe(infinity);
    expect(to(Number.MAX_VALUE)).toBe(infinity);
  });

  it("keeps the sign of zero and of what rounds to it", () => {
    expect([to(0), to(-0), to(1e-300), to(-1e-300)]).toEqual([0, 0x8000, 0, 0x8000]);
    expect(Object.is(from(0x8000), -0)).toBe(true);
  });

  it("finds no nearer value than the one chosen", () => {
    fc.assert(
      fc.property(fc.double({ min: -60000, max: 60000, noNaN: true }), (value) => {
        const pattern = to(value);
        const error = Math.abs(from(pattern) - value);
        for (const neighbour of [pattern - 1, pattern + 1]) {
          const other = from(neighbour & 0xffff);
          if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(Math.abs(other - value));
        }
      }),
    );
  });
});

describe("known patterns", () => {
  it("of float16", () => {
    const known: readonly [number, number][] = [
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [1 / 3, 0x3555],
    ];
    for (const [value, pattern] of known) expect(toFloat16Bits(value)).toBe(pattern);
  });

  it("of bfloat16: the upper half of the float32 pattern", () => {
    const known: readonly [number, number][] = [
      [1, 0x3f80],
      [-2, 0xc000],
      [Math.PI, 0x4049],
      [1 / 3, 0x3eab],
    ];
    for (const [value, pattern] of known) expect(toBfloat16Bits(value)).toBe(pattern);
  });
});
