import { build } from "esbuild";
import { expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../src/core/index.js";
import { arrays, channelStatistics, fingerprint, splitValidation, subset, zeroPadTo } from "../../src/data/index.js";
import { numbered } from "./support.js";

const valid = { images: new Uint8Array(12), labels: [0, 2], shape: [1, 2, 3] as [number, number, number] };

test("arrays keeps the images and names the classes", () => {
  const dataset = arrays(valid);
  expect(dataset.images).toBe(valid.images);
  expect([...dataset.labels]).toEqual([0, 2]);
  expect(dataset.classes).toEqual(["0", "1", "2"]);
  expect(arrays({ ...valid, classes: ["a", "b", "c", "d"] }).classes.length).toBe(4);
});

test.each([
  ["too few pixels", { images: new Uint8Array(11) }, /images\.length = labels\.length \* 1 \* 2 \* 3 \(12\), got 11/],
  ["a shape that is none", { shape: [1, 0, 3] }, /three positive counts.*got \[1,0,3\]/],
  ["no image", { images: new Uint8Array(0), labels: [] }, /at least one image/],
  ["a label without a class", { classes: ["a", "b"] }, /below the number of classes \(2\), got 2/],
  ["a negative label", { labels: [0, -1] }, /labels\[1\] to be an integer.*got -1/],
  ["half a label", { labels: [0.5, 1] }, /labels\[0\].*got 0\.5/],
  ["an id for a label", { labels: [0, 4e9] }, /labels\[1\]/],
  ["NaN", { images: new Float32Array(12).fill(Number.NaN, 7, 8) }, /images\[7\] to be finite, got NaN/],
  ["plain numbers", { images: new Array(12).fill(0) as never }, /a Uint8Array or a Float32Array/],
])("arrays refuses %s", (_what, change, message) => {
  const wrap = () => arrays({ ...valid, ...(change as Partial<typeof valid>) });
  expect(wrap).toThrow(InvalidArgumentError);
  expect(wrap).toThrow(message);
});

test("subset picks rows in the order named", () => {
  const dataset = numbered(6, [1, 2, 2]);
  const picked = subset(dataset, [5, 0, 5]);
  expect([...picked.labels]).toEqual([5, 0, 5]);
  const row = (i: number) => [...dataset.images.subarray(4 * i, 4 * i + 4)];
  expect([...picked.images]).toEqual([...row(5), ...row(0), ...row(5)]);
  expect([...subset(dataset, 2).labels]).toEqual([0, 1]);
});

test.each([[[6]], [[-1]], [[0.5]], [[]], [0], [7]])("subset refuses rows %j of 6", (rows) => {
  expect(() => subset(numbered(6, [1, 2, 2]), rows)).toThrow(InvalidArgumentError);
});

/** 100 one-pixel images, each with its own value, of three classes in unequal numbers: 60, 30, 10. */
function unequal() {
  const random = randomStream(3);
  const order = [...random.permutation(100)];
  return arrays({
    images: Uint8Array.from(order.keys()),
    labels: order.map((i) => (i < 60 ? 0 : i < 90 ? 1 : 2)),
    shape: [1, 1, 1],
  });
}

function countClasses(labels: Int32Array): number[] {
  return [0, 1, 2].map((label) => labels.filter((other) => other === label).length);
}

test.each([{ fraction: 0.2 }, { count: 20 }])("a split by %j is disjoint, complete, in order and balanced", (size) => {
  const dataset = unequal();
  const { training, validation } = splitValidation(dataset, { ...size, seed: 1 });
  expect(countClasses(validation.labels)).toEqual([12, 6, 2]);
  expect(countClasses(training.labels)).toEqual([48, 24, 8]);
  const ids = [...training.images, ...validation.images].sort((a, b) => a - b);
  expect(ids).toEqual([...dataset.images]);
  for (const part of [training, validation]) {
    expect([...part.images]).toEqual([...part.images].sort((a, b) => a - b));
    expect([...part.labels]).toEqual([...part.images].map((id) => dataset.labels[id]));
  }
});

test("shares that do not come out even add up, each within one", () => {
  for (let count = 1; count < 100; count++) {
    const { validation } = splitValidation(unequal(), { count, seed: 1 });
    const counts = countClasses(validation.labels);
    expect(validation.labels.length).toBe(count);
    for (const [label, size] of [60, 30, 10].entries()) {
      expect(Math.abs(counts[label]! - (size * count) / 100)).toBeLessThan(1);
    }
  }
});

test("a split follows from its seed; unbalanced ones need not be balanced", () => {
  const chosen = (seed: number, balanced = true) => [
    ...splitValidation(unequal(), { count: 20, seed, balanced }).validation.images,
  ];
  expect(chosen(1)).toEqual(chosen(1));
  expect(chosen(1)).not.toEqual(chosen(2));
  const classCounts = [1, 2, 3, 4].map((seed) =>
    countClasses(splitValidation(unequal(), { count: 20, seed, balanced: false }).validation.labels).join(),
  );
  expect(new Set(classCounts).size).toBeGreaterThan(1);
  expect(chosen(1, false).length).toBe(20);
});

test.each([{ fraction: 0 }, { fraction: 1 }, { fraction: Number.NaN }, { count: 0 }, { count: 100 }, { count: 1.5 }])(
  "a split by %j is refused",
  (size) => {
    expect(() => splitValidation(unequal(), { ...size, seed: 1 })).toThrow(InvalidArgumentError);
  },
);

test("statistics of bytes agree with a direct computation", () => {
  const dataset = numbered(50, [3, 4, 5]);
  const { mean, std } = channelStatistics(dataset);
  for (let channel = 0; channel < 3; channel++) {
    const values = [...dataset.images].filter((_, i) => Math.floor(i / 20) % 3 === channel).map((value) => value / 255);
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
    // The direct sums round 1000 times; the relative error stays below 1000 · 2⁻⁵³.
    expect(Math.abs(mean[channel]! / average - 1)).toBeLessThan(1.2e-13);
    expect(Math.abs(std[channel]! / Math.sqrt(variance) - 1)).toBeLessThan(1.2e-13);
  }
});

test("statistics are exact where the answer is known", () => {
  const bytes = arrays({ images: Uint8Array.of(0, 255, 51, 51), labels: [0, 0], shape: [2, 1, 1] });
  expect(channelStatistics(bytes)).toEqual({ mean: [0.1, 0.6], std: [0.1, 0.4] });
  const constant = arrays({ images: new Uint8Array(300).fill(77), labels: [0, 0, 0], shape: [1, 10, 10] });
  expect(channelStatistics(constant)).toEqual({ mean: [77 / 255], std: [0] });
});

test("statistics of floats keep their digits beside a large mean", () => {
  // 2²⁰ ± 1/8: squares of the values would leave nothing of the variance 1/64.
  const images = Float32Array.from({ length: 1e5 }, (_, i) => 2 ** 20 + (i % 2 ? 0.125 : -0.125));
  const dataset = arrays({ images, labels: new Uint8Array(1e5), shape: [1, 1, 1] });
  expect(channelStatistics(dataset)).toEqual({ mean: [2 ** 20], std: [0.125] });
});

test.each(["uint8", "float32"] as const)("zero padding puts the %s image in the middle", (type) => {
  const dataset = numbered(3, [2, 3, 4], type);
  const padded = zeroPadTo(dataset, 6);
  expect(padded.shape).toEqual([2, 6, 6]);
  expect(padded.images.length).toBe(3 * 2 * 36);
  for (let plane = 0; plane < 6; plane++) {
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 6; x++) {
        const inside = y >= 1 && y < 4 && x >= 1 && x < 5;
        const expected = inside ? dataset.images[(plane * 3 + y - 1) * 4 + x - 1] : 0;
        expect(padded.images[(plane * 6 + y) * 6 + x]).toBe(expected);
      }
    }
  }
});

test("zero padding leaves a dataset of that size alone and refuses to shrink one", () => {
  const dataset = numbered(2, [1, 4, 4]);
  expect(zeroPadTo(dataset, 4)).toBe(dataset);
  expect(() => zeroPadTo(dataset, 3)).toThrow(/at least 4, got 3/);
});

test("the fingerprint sees images, labels, shape and type, and no names", async () => {
  const base = numbered(4, [1, 2, 3]);
  const print = await fingerprint(base);
  expect(print).toMatch(/^[0-9a-f]{64}$/);
  expect(await fingerprint({ ...base, name: "other", classes: [] })).toBe(print);
  const shared = new Uint8Array(new SharedArrayBuffer(24));
  shared.set(base.images);
  expect(await fingerprint({ ...base, images: shared })).toBe(print);

  const pixel = base.images.slice();
  pixel[23]! ^= 1;
  const label = base.labels.slice();
  label[0] = 1;
  const others = [
    { ...base, images: pixel },
    { ...base, labels: label },
    { ...base, shape: [1, 3, 2] as const },
    { ...base, images: new Float32Array(base.images.slice().buffer), shape: [1, 2, 3] as const },
  ];
  const prints = await Promise.all(others.map(fingerprint));
  expect(new Set([print, ...prints]).size).toBe(5);
});

test("a fingerprint stays the same for good", async () => {
  // printf 'uint8 [1,1,1,2]\n' and the SHA-256 of bytes 01 02 and of 00 00 00 00, through sha256sum again.
  const dataset = arrays({ images: Uint8Array.of(1, 2), labels: [0], shape: [1, 1, 2] });
  expect(await fingerprint(dataset)).toBe("19568c1ec417d25a875f09d339594dedd51ef60cc93cd6bf8e50270a6ce625e3");
});

test("the room bundles for a browser without Node's modules", async () => {
  const options = { bundle: true, write: false, format: "esm", platform: "browser", logLevel: "silent" } as const;
  const { outputFiles } = await build({ ...options, entryPoints: ["src/data/index.ts"] });
  expect(outputFiles[0]!.text).toContain("trainingBatches");
  await expect(build({ ...options, entryPoints: ["src/data/files/index.ts"] })).rejects.toThrow(/node:/);
});
