import { expect, test } from "vitest";
import { randomStream } from "../../../src/core/index.js";
import { type Cut, centreCut, randomCut } from "../../../src/data/index.js";

test("the centre of ImageNet's usual sizes: shorter side 256, middle 224", () => {
  expect(centreCut(500, 375, 224)).toMatchObject({ toWidth: 341, toHeight: 256, windowLeft: 58, windowTop: 16 });
  expect(centreCut(375, 500, 224)).toMatchObject({ toWidth: 256, toHeight: 341, windowLeft: 16, windowTop: 58 });
  // (343 − 224) / 2 = 59.5 and (345 − 224) / 2 = 60.5 both go to 60: Python rounds halves to the even number.
  expect(centreCut(343, 256, 224)).toMatchObject({ toWidth: 343, windowLeft: 60 });
  expect(centreCut(345, 256, 224)).toMatchObject({ toWidth: 345, windowLeft: 60 });
});

function cuts(width: number, height: number, count: number, options = {}): Cut[] {
  const random = randomStream(1, "cuts");
  return Array.from({ length: count }, () => randomCut(width, height, 224, options, random));
}

test("random regions lie in the picture, with area and aspect ratio uniform as the paper says", () => {
  // Every region of less than 3/4 of a square fits into it: its sides are at most √(3/4 · 4/3) = 1.
  const all = cuts(1000, 1000, 4000, { scale: [0.08, 0.74] });
  for (const { left, top, width, height } of all) {
    expect(Math.min(left, top, 1000 - left - width, 1000 - top - height)).toBeGreaterThanOrEqual(0);
  }
  const areas = all.map(({ width, height }) => (width * height) / 1e6);
  const logs = all.map(({ width, height }) => Math.log(width / height));
  expect(Math.min(...areas)).toBeGreaterThan(0.079);
  expect(Math.max(...areas)).toBeLessThan(0.742);
  expectUniform(areas, 0.08, 0.74);
  expectUniform(logs, Math.log(3 / 4), Math.log(4 / 3));
  expectUniform(
    all.map(({ left, width }) => left / (1000 - width)),
    0,
    1,
  );
  expectUniform(
    all.map(({ top, height }) => top / (1000 - height)),
    0,
    1,
  );
});

/** A tenth of the values in each tenth of the range, to within five standard deviations. */
function expectUniform(values: readonly number[], low: number, high: number): void {
  const counts = new Array<number>(10).fill(0);
  for (const value of values) counts[Math.min(9, Math.max(0, Math.floor((10 * (value - low)) / (high - low))))]!++;
  const expected = values.length / 10;
  for (const count of counts) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
}

test("the defaults reach from 8 % to the whole", () => {
  const areas = cuts(1000, 1000, 4000).map(({ width, height }) => (width * height) / 1e6);
  expect(Math.min(...areas)).toBeLessThan(0.1);
  expect(Math.max(...areas)).toBeGreaterThan(0.95);
});

test("where nothing fits, the middle in the nearest ratio", () => {
  const whole = { scale: [1, 1], ratio: [3 / 4, 4 / 3] };
  expect(cuts(100, 1000, 1, whole)[0]).toMatchObject({ left: 0, top: 433, width: 100, height: 133 });
  expect(cuts(1000, 100, 1, whole)[0]).toMatchObject({ left: 433, top: 0, width: 133, height: 100 });
  expect(cuts(100, 110, 1, { scale: [1, 1], ratio: [4 / 5, 4 / 5] })[0]).toMatchObject({ width: 88, height: 110 });
  expect(cuts(1, 1, 1)[0]).toMatchObject({ left: 0, top: 0, width: 1, height: 1 });
});
