import { expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../../src/core/index.js";
import {
  batchShapes,
  evaluationTextBatches,
  special,
  type TextBatch,
  type TextBatchSource,
  type TokenPairs,
  trainingTextBatches,
} from "../../../src/data/index.js";

/** Pairs of random lengths; the first source token of each tells its row. */
function randomPairs(count: number, longest: number, seed = 1): TokenPairs {
  const random = randomStream(seed, "pairs");
  const source: number[][] = [];
  const target: number[][] = [];
  for (let row = 0; row < count; row++) {
    const length = 1 + random.integer(longest);
    source.push([10 + row, ...Array.from({ length: length - 1 }, () => 4 + random.integer(5))]);
    target.push(Array.from({ length: Math.max(0, length + random.integer(5) - 2) }, () => 4 + random.integer(5)));
  }
  return { source, target };
}

async function epochOf(source: TextBatchSource, epoch: number): Promise<TextBatch[]> {
  return Promise.all(Array.from({ length: source.batchesPerEpoch }, (_, index) => source.batch(epoch, index)));
}

/** Checks every entry of a batch against the pairs that it says it holds. */
function check(batch: TextBatch, pairs: TokenPairs, source: TextBatchSource): void {
  const { rows, sourceLength, targetLength } = source.shapes[batch.shape]!;
  expect(batch.source.shape).toEqual([rows, sourceLength]);
  expect(batch.target.shape).toEqual([rows, targetLength]);
  expect(batch.expected.shape).toEqual([rows, targetLength]);
  expect(batch.rows.length).toBe(batch.size);
  let tokens = 0;
  const padded = (ids: readonly number[], length: number) => [...ids, ...Array(length - ids.length).fill(special.pad)];
  for (let place = 0; place < rows; place++) {
    const row = batch.rows[place];
    const from = row === undefined ? [] : pairs.source[row]!;
    const to = row === undefined ? [] : pairs.target[row]!;
    const at = (data: Int32Array, length: number) => [...data.subarray(place * length, (place + 1) * length)];
    expect(at(batch.source.data, sourceLength)).toEqual(padded([...from, special.end], sourceLength));
    expect(at(batch.target.data, targetLength)).toEqual(padded([special.start, ...to], targetLength));
    const expected = row === undefined ? [] : [...to, special.end];
    expect(at(batch.expected.data, targetLength)).toEqual(padded(expected, targetLength));
    tokens += expected.length;
  }
  expect(batch.tokens).toBe(tokens);
}

test("an epoch holds every pair once, padded as its shape says, in an order of its own", async () => {
  const pairs = randomPairs(500, 30);
  const shapes = batchShapes(pairs, { tokens: 200, count: 6 });
  const source = trainingTextBatches(pairs, { shapes, seed: 3 });
  const epochs = [await epochOf(source, 0), await epochOf(source, 1)];
  for (const batches of epochs) {
    for (const batch of batches) check(batch, pairs, source);
    const rows = batches.flatMap((batch) => [...batch.rows]);
    expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, row) => row));
  }
  expect(epochs[0]!.map(({ rows }) => [...rows])).not.toEqual(epochs[1]!.map(({ rows }) => [...rows]));
  const order = epochs[0]!.map(({ shape }) => shape);
  expect(order).not.toEqual(order.toSorted((a, b) => a - b));
});

test("a batch is a function of pairs, shapes, seed, epoch and index alone", async () => {
  const pairs = randomPairs(200, 20);
  const shapes = batchShapes(pairs, { tokens: 100, count: 4 });
  const made = trainingTextBatches(pairs, { shapes, seed: 3 });
  const later = await made.batch(4, 2);
  await made.batch(0, 0);
  expect(await trainingTextBatches(pairs, { shapes, seed: 3 }).batch(4, 2)).toEqual(later);
  expect(await made.batch(4, 2)).toEqual(later);
  expect(await trainingTextBatches(pairs, { shapes, seed: 4 }).batch(4, 2)).not.toEqual(later);
});

test("padding is what it is counted as, and more shapes leave less of it", async () => {
  const pairs = randomPairs(3000, 40);
  const padding = [1, 2, 4, 8].map((count) => {
    const shapes = batchShapes(pairs, { tokens: 400, count });
    expect(shapes.length).toBe(count);
    for (const { rows, sourceLength, targetLength } of shapes) {
      expect(rows * Math.max(sourceLength, targetLength)).toBeLessThanOrEqual(400);
      expect((rows + 1) * Math.max(sourceLength, targetLength)).toBeGreaterThan(400);
    }
    return trainingTextBatches(pairs, { shapes, seed: 1 });
  });
  const counted = await Promise.all(
    padding.map(async (source) => {
      let [real, all] = [0, 0];
      for (const batch of await epochOf(source, 0)) {
        all += batch.source.data.length + batch.target.data.length;
        for (const row of batch.rows) real += pairs.source[row]!.length + pairs.target[row]!.length + 2;
      }
      return 1 - real / all;
    }),
  );
  for (const [i, source] of padding.entries()) expect(source.padding).toBeCloseTo(counted[i]!, 12);
  expect(counted).toEqual(counted.toSorted((a, b) => b - a));
  expect(counted[3]!).toBeLessThan(0.2); // one shape pads half
  expect(counted[0]!).toBeGreaterThan(0.45);
});

test("boxes are cut where most padding is saved", () => {
  const pairs = {
    source: [...Array(90).fill([4, 4]), ...Array(10).fill(Array(19).fill(4))],
    target: [...Array(45).fill([4]), ...Array(45).fill(Array(9).fill(4)), ...Array(10).fill([4])],
  };
  expect(batchShapes(pairs, { tokens: 40, count: 8 })).toEqual([
    { rows: 13, sourceLength: 3, targetLength: 2 },
    { rows: 4, sourceLength: 3, targetLength: 10 },
    { rows: 2, sourceLength: 20, targetLength: 2 },
  ]);
});

test("training drops and counts what is too long, evaluation gives it a shape of its own", async () => {
  const pairs = randomPairs(300, 30);
  const longest = 20;
  const shapes = batchShapes(pairs, { tokens: 100, count: 3, longest });
  const within = pairs.source.flatMap((ids, row) =>
    ids.length <= longest && pairs.target[row]!.length <= longest ? [row] : [],
  );
  const training = trainingTextBatches(pairs, { shapes, seed: 1 });
  const trained = (await epochOf(training, 0)).flatMap(({ rows }) => [...rows]);
  for (const row of within) expect(trained).toContain(row);
  expect(training.dropped).toBe(300 - trained.length);
  expect(training.dropped).toBeGreaterThan(0);

  const evaluation = evaluationTextBatches(pairs, { shapes });
  expect(evaluation.shapes.length).toBe(4);
  expect(evaluation.dropped).toBe(0);
  const batches = await epochOf(evaluation, 0);
  for (const batch of batches) check(batch, pairs, evaluation);
  const rows = batches.flatMap((batch) => [...batch.rows]);
  expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, row) => row));
  expect(await epochOf(evaluation, 7)).toEqual(batches);
});

test("what cannot be is refused", async () => {
  const pairs = randomPairs(10, 5);
  const shapes = batchShapes(pairs);
  expect(() => batchShapes(pairs, { tokens: 0 })).toThrow(InvalidArgumentError);
  expect(() => batchShapes(pairs, { count: 1.5 })).toThrow(InvalidArgumentError);
  expect(() => batchShapes({ source: [], target: [] })).toThrow("one at least");
  expect(() => batchShapes({ source: [[4, 4]], target: [[4]] }, { longest: 1 })).toThrow("pairs of at most 1 tokens");
  expect(() => trainingTextBatches(pairs, { shapes, seed: 0.5 })).toThrow(InvalidArgumentError);
  expect(() => trainingTextBatches(pairs, { shapes: [], seed: 1 })).toThrow("a shape that fits");
  expect(() => evaluationTextBatches(pairs, { shapes: [] })).toThrow(InvalidArgumentError);
  const source = trainingTextBatches(pairs, { shapes, seed: 1 });
  await expect(source.batch(0, source.batchesPerEpoch)).rejects.toThrow(InvalidArgumentError);
  await source.close();
  await expect(source.batch(0, 0)).rejects.toThrow("closed");
});
