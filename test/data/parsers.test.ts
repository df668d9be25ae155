import fc from "fast-check";
import { expect, test } from "vitest";
import { DataError, sizeOf } from "../../src/core/index.js";
import { cifarDataset, idxDataset, parseCifar, parseIdx } from "../../src/data/index.js";
import { idx } from "./support.js";

const record = (labels: readonly number[], seed: number): number[] => [
  ...labels,
  ...Array.from({ length: 3072 }, (_, i) => (i * 7 + seed) % 256),
];

test("parseIdx reads sizes and elements", () => {
  const { shape, data, dtype } = parseIdx(idx([2, 1, 3], [1, 2, 3, 4, 5, 255]));
  expect({ shape, data: [...data], dtype }).toEqual({ shape: [2, 1, 3], data: [1, 2, 3, 4, 5, 255], dtype: "uint8" });
});

test("parseIdx reads a part of a larger buffer", () => {
  const file = idx([2], [5, 6]);
  const larger = new Uint8Array(file.length + 9);
  larger.set(file, 3);
  expect([...parseIdx(larger.subarray(3, 3 + file.length)).data]).toEqual([5, 6]);
});

test.each([
  ["nothing", [], /^f: expected the magic number 00 00 08 01 .*, got no bytes/],
  ["another magic number", [1, 2, 3, 4, 5], /got 01 02 03 04/],
  ["floats", [0, 0, 0x0d, 1, 0, 0, 0, 0], /got 00 00 0d 01/],
  ["gzip", [0x1f, 0x8b, 8, 0], /this is gzip: unpack it first/],
  ["half a header", [0, 0, 8, 3, 0, 0, 0, 1], /a header of 16 bytes for 3 axes, got 8 bytes; the file is cut short/],
  ["too few elements", [0, 0, 8, 1, 0, 0, 0, 5, 1, 2], /13 bytes for sizes \[5\], got 10 bytes; the file is cut short/],
  ["too many elements", [0, 0, 8, 1, 0, 0, 0, 1, 1, 2], /9 bytes for sizes \[1\], got 10 bytes/],
  ["sizes beyond counting", [0, 0, 8, 3, ...new Array<number>(12).fill(255)], /cut short/],
])("parseIdx refuses %s", (_what, bytes, message) => {
  expect(() => parseIdx(Uint8Array.from(bytes), "f")).toThrow(DataError);
  expect(() => parseIdx(Uint8Array.from(bytes), "f")).toThrow(message);
});

test("idxDataset joins images and labels", () => {
  const images = { from: "i", bytes: idx([2, 1, 2], [1, 2, 3, 4]) };
  const dataset = idxDataset(images, { from: "l", bytes: idx([2], [9, 0]) });
  expect(dataset).toEqual({
    name: "IDX images",
    images: Uint8Array.of(1, 2, 3, 4),
    labels: Int32Array.of(9, 0),
    shape: [1, 1, 2],
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  });
});

test.each([
  [
    "a label without a class",
    idx([2, 1, 1], [1, 2]),
    idx([2], [3, 10]),
    /^l: expected labels in \[0, 10\), got 10 at image 1/,
  ],
  ["another count", idx([2, 1, 1], [1, 2]), idx([3], [0, 0, 0]), /^l: expected 2 labels for the images of i, got 3/],
  [
    "labels for images",
    idx([2], [1, 2]),
    idx([2], [0, 0]),
    /^i: expected images as \[n, height, width\], got sizes \[2\]/,
  ],
  ["images for labels", idx([1, 1, 1], [1]), idx([1, 1, 1], [0]), /^l: expected labels as \[n\]/],
  ["no images", idx([0, 28, 28], []), idx([0], []), /^i: .*got sizes \[0,28,28\]/],
])("idxDataset refuses %s", (_what, images, labels, message) => {
  const read = () => idxDataset({ from: "i", bytes: images }, { from: "l", bytes: labels });
  expect(read).toThrow(DataError);
  expect(read).toThrow(message);
});

test("parseCifar reads both kinds", () => {
  const ten = parseCifar(Uint8Array.from([...record([9], 1), ...record([0], 2)]), 10);
  expect([...ten.labels]).toEqual([9, 0]);
  expect([...ten.images]).toEqual([...record([], 1), ...record([], 2)]);
  expect(ten.coarseLabels).toBeUndefined();
  const hundred = parseCifar(Uint8Array.from([...record([19, 99], 1), ...record([3, 0], 2)]), 100);
  expect([...hundred.labels]).toEqual([99, 0]);
  expect([...(hundred.coarseLabels ?? [])]).toEqual([19, 3]);
  expect(hundred.images).toEqual(ten.images);
});

test.each([
  ["nothing", [], 10, /whole records of 3073 bytes, got 0 bytes/],
  ["a cut record", record([1], 0).slice(0, 3000), 10, /got 3000 bytes; the file is cut short/],
  ["a label of CIFAR-10", record([10], 0), 10, /labels in \[0, 10\), got 10 at image 0/],
  ["a fine label", record([1, 100], 0), 100, /labels in \[0, 100\), got 100/],
  ["a coarse label", record([20, 1], 0), 100, /labels in \[0, 20\), got 20/],
  ["CIFAR-10 for CIFAR-100", record([1], 0), 100, /whole records of 3074 bytes, got 3073/],
] as const)("parseCifar refuses %s", (_what, bytes, kind, message) => {
  expect(() => parseCifar(Uint8Array.from(bytes), kind, "f")).toThrow(DataError);
  expect(() => parseCifar(Uint8Array.from(bytes), kind, "f")).toThrow(message);
});

test("cifarDataset joins files, with either kind of labels", () => {
  const files = [record([19, 99], 1), record([3, 0], 2)].map((bytes, i) => ({
    from: `${i}`,
    bytes: Uint8Array.from(bytes),
  }));
  const fine = cifarDataset(files, 100);
  expect([...fine.labels, fine.classes.length]).toEqual([99, 0, 100]);
  const coarse = cifarDataset(files, 100, { labels: "coarse" });
  expect([...coarse.labels, coarse.classes.length]).toEqual([19, 3, 20]);
  expect([...coarse.images]).toEqual([...record([], 1), ...record([], 2)]);
  expect(() => cifarDataset(files, 100, { classes: ["a"] })).toThrow(/100 class names, got 1/);
});

/** Bytes near to a file of the format: now and then right, mostly damaged. */
const almostIdx = fc
  .record({
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
    extra: fc.integer({ min: -20, max: 20 }),
    edits: fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 3 }),
  })
  .map(({ shape, extra, edits }) => {
    const file = idx(shape, new Array<number>(sizeOf(shape)).fill(1));
    const bytes = new Uint8Array(Math.max(0, file.length + extra));
    bytes.set(file.subarray(0, bytes.length));
    for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), almostIdx);

/** Whether it succeeded; whatever else than a DataError it throws fails the test. */
function succeeds(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

test("no bytes make parseIdx or idxDataset fail otherwise than by a DataError, and some succeed", () => {
  let parsed = 0;
  fc.assert(
    fc.property(anyBytes, anyBytes, (images, labels) => {
      if (succeeds(() => parseIdx(images))) {
        parsed++;
        const { shape, data } = parseIdx(images);
        expect(data.length).toBe(sizeOf(shape));
      }
      succeeds(() => idxDataset({ from: "i", bytes: images }, { from: "l", bytes: labels }));
    }),
    { numRuns: 3000, seed: 1 },
  );
  expect(parsed).toBeGreaterThan(20);
});

test("no bytes make parseCifar fail otherwise than by a DataError, and some succeed", () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(10, 100) as fc.Arbitrary<10 | 100>,
      fc.nat(4),
      fc.oneof(fc.constant(0), fc.nat(3000)),
      fc.array(fc.tuple(fc.nat(4), fc.nat(200)), { maxLength: 4 }),
      (kind, records, extra, labels) => {
        const length = kind === 10 ? 3073 : 3074;
        const bytes = new Uint8Array(records * length + extra);
        for (const [row, label] of labels) if (row < records) bytes[row * length] = label;
        if (succeeds(() => parseCifar(bytes, kind))) {
          parsed++;
          expect(parseCifar(bytes, kind).labels.length).toBe(records);
        }
      },
    ),
    { numRuns: 1000, seed: 1 },
  );
  expect(parsed).toBeGreaterThan(20);
});
