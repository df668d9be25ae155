import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { InvalidArgumentError, NormwiseError, randomStream } from "../../src/core/index.js";
import { type BatchSource, type ImageDataset, trainingBatches } from "../../src/data/index.js";
import { batchesFromWorker } from "../../src/data/threads/batches-from-worker.js";
import { type ThreadedBatchOptions, threadedBatches } from "../../src/data/threads/index.js";
import { numbered } from "./support.js";

const shape = [3, 8, 8] as const;
const options = { batch: 16, seed: 5, augmentation: { crop: 2, flip: true } };

function opened(dataset: ImageDataset, threaded: ThreadedBatchOptions): BatchSource {
  const source = threadedBatches(dataset, threaded);
  onTestFinished(() => source.close());
  return source;
}

/** Batches from a worker that runs the given code, with `parentPort` at hand. */
function fromCode(code: string, ahead = 0): BatchSource {
  const worker = new Worker(`const { parentPort } = require("node:worker_threads"); ${code}`, { eval: true });
  const source = batchesFromWorker(worker, { batchesPerEpoch: 4, shape: [1, 1, 1], ahead });
  onTestFinished(() => source.close());
  return source;
}

test.each(["uint8", "float32"] as const)(
  "%s batches have the bits of the in-process ones, over epochs",
  async (type) => {
    const dataset = numbered(100, shape, type);
    const here = trainingBatches(dataset, options);
    const there = opened(dataset, options);
    expect(there.batchesPerEpoch).toBe(6);
    for (let epoch = 0; epoch < 3; epoch++) {
      for (let index = 0; index < 6; index++) {
        expect(await there.batch(epoch, index)).toEqual(await here.batch(epoch, index));
      }
    }
  },
);

test.each([0, 1, 5])("requests in any order and at once get the same, with %i ahead", async (ahead) => {
  const dataset = numbered(100, shape);
  const here = trainingBatches(dataset, options);
  const there = opened(dataset, { ...options, ahead });
  const order = [...randomStream(2).permutation(18), 4, 4, 5]; // some twice
  await Promise.all(
    order.map(async (position) => {
      const [epoch, index] = [Math.floor(position / 6), position % 6];
      expect(await there.batch(epoch, index)).toEqual(await here.batch(epoch, index));
    }),
  );
});

test("a batch asked for twice comes in arrays of its own", async () => {
  const source = opened(numbered(100, shape), options);
  const [first, second] = await Promise.all([source.batch(0, 1), source.batch(0, 1)]);
  expect(first.images.data.buffer).not.toBe(second.images.data.buffer);
});

test("a dataset in shared memory is used in place", async () => {
  const plain = numbered(32, shape);
  const images = new Uint8Array(new SharedArrayBuffer(plain.images.length));
  const source = opened({ ...plain, images }, { batch: 16, seed: 1, ahead: 0 });
  expect((await source.batch(0, 0)).images.data.every((value) => value === 0)).toBe(true);
  images.fill(9);
  expect((await source.batch(0, 0)).images.data.every((value) => value === 9)).toBe(true);
});

test("the following batches, into the next epoch, are asked for in advance and only once", async () => {
  // Answers each request with how many requests came so far, in the label.
  const counting = `let n = 0; parentPort.on("message", ({ id, epoch, index }) => parentPort.postMessage(
    { id, images: Uint8Array.of(epoch * 4 + index), labels: Int32Array.of(++n) }));`;
  const source = fromCode(counting, 2);
  const got = [];
  for (const position of [2, 3, 4, 5]) {
    const { images, labels } = await source.batch(Math.floor(position / 4), position % 4);
    got.push([images.data[0], labels.data[0]]);
  }
  expect(got).toEqual([
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 4],
  ]);
});

test("an error in the worker reaches whoever waits, and every later request", async () => {
  const source = fromCode(`parentPort.on("message", () => { throw new RangeError("no memory"); });`, 2);
  await expect(source.batch(0, 0)).rejects.toThrow(/threadedBatches: the worker failed: RangeError: no memory/);
  await expect(source.batch(0, 1)).rejects.toThrow(NormwiseError);
});

test("an error at the worker's start reaches the first request", async () => {
  await expect(fromCode(`throw new Error("broken");`).batch(0, 0)).rejects.toThrow(/worker failed: Error: broken/);
});

test("a worker that goes away is an error", async () => {
  await expect(fromCode(`parentPort.on("message", () => process.exit(3));`).batch(0, 0)).rejects.toThrow(/exit code 3/);
});

test("an error in a batch asked for in advance is seen only by who takes it", async () => {
  const source = fromCode(
    `parentPort.on("message", ({ id }) => {
       if (id > 0) setTimeout(() => { throw new Error("later"); }, 100); // not before the first reply arrived
       else parentPort.postMessage({ id, images: new Uint8Array(1), labels: new Int32Array(1) });
     });`,
    1,
  );
  await source.batch(0, 0);
  await expect(source.batch(0, 1)).rejects.toThrow(/later/); // an unhandled rejection would fail the run before
});

test("closing rejects what is waited for, and everything after; it may be repeated", async () => {
  const source = threadedBatches(numbered(100, shape), options);
  const waiting = expect(source.batch(0, 0)).rejects.toThrow(/closed/);
  await source.close();
  await waiting;
  await expect(source.batch(0, 1)).rejects.toThrow(/closed/);
  await source.close();
});

test("bad options and positions are refused", async () => {
  const dataset = numbered(10, shape);
  expect(() => threadedBatches(dataset, { batch: 11, seed: 1 })).toThrow(/batch of at most 10/);
  expect(() => threadedBatches(dataset, { batch: 5, seed: 1, ahead: -1 })).toThrow(InvalidArgumentError);
  await expect(opened(dataset, { batch: 5, seed: 1 }).batch(0, 2)).rejects.toThrow(InvalidArgumentError);
});

test("the thread keeps the process alive while a batch is waited for, and not after", async () => {
  const dist = resolve("dist/data");
  const program = `
    import { arrays } from "${dist}/index.js";
    import { threadedBatches } from "${dist}/threads/index.js";
    const dataset = arrays({ images: new Uint8Array(64), labels: new Array(64).fill(0), shape: [1, 1, 1] });
    const source = threadedBatches(dataset, { batch: 8, seed: 1 });
    await source.batch(0, 0);
    console.log((await source.batch(0, 1)).size);
  `;
  // Exit code 13 would be a top-level await left open; running into the time limit, a process kept alive.
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    timeout: 30_000,
  });
  expect(stdout.trim()).toBe("8");
});
