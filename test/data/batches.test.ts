import { expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../src/core/index.js";
import { drawPlacement } from "../../src/data/augment.js";
import { type Batch, evaluationBatches, type ImagesInMemory, trainingBatches } from "../../src/data/index.js";
import { numbered } from "./support.js";

const shape = [2, 5, 6] as const;
const crop = 2;

/** Every image that padding, cropping and mirroring can make of one, spelled out pixel by pixel. */
function* naivePlacements({ images, shape: [channels, height, width] }: ImagesInMemory, row: number) {
  const pixel = (channel: number, y: number, x: number): number =>
    y < 0 || y >= height || x < 0 || x >= width ? 0 : images[((row * channels + channel) * height + y) * width + x]!;
  for (let top = 0; top <= 2 * crop; top++) {
    for (let left = 0; left <= 2 * crop; left++) {
      for (const mirrored of [false, true]) {
        const made: number[] = [];
        for (let channel = 0; channel < channels; channel++) {
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              made.push(pixel(channel, y + top - crop, (mirrored ? width - 1 - x : x) + left - crop));
            }
          }
        }
        yield { key: `${top} ${left} ${mirrored}`, made };
      }
    }
  }
}

async function allBatches(dataset: ImagesInMemory, batch: number, epochs: number, augmentation = {}): Promise<Batch[]> {
  const source = trainingBatches(dataset, { batch, seed: 3, augmentation });
  const positions = Array.from({ length: epochs * source.batchesPerEpoch }, (_, i) => i);
  return Promise.all(
    positions.map((i) => source.batch(Math.floor(i / source.batchesPerEpoch), i % source.batchesPerEpoch)),
  );
}

function imageAt(batch: Batch, place: number): number[] {
  const size = shape[0] * shape[1] * shape[2];
  return Array.from(batch.images.data.subarray(place * size, (place + 1) * size));
}

test.each(["uint8", "float32"] as const)(
  "each %s image is one of the naive crops and flips, and all occur",
  async (type) => {
    const dataset = numbered(10, shape, type);
    const seen = new Set<string>();
    for (const batch of await allBatches(dataset, 5, 60, { crop, flip: true })) {
      expect(batch.images.dtype).toBe(type);
      expect(batch.images.shape).toEqual([5, ...shape]);
      for (const [place, row] of batch.labels.data.entries()) {
        const image = imageAt(batch, place).join();
        const matches = [...naivePlacements(dataset, row)].filter(({ made }) => made.join() === image);
        expect(matches.length).toBe(1);
        seen.add(matches[0]!.key);
      }
    }
    expect(seen.size).toBe((2 * crop + 1) ** 2 * 2);
  },
);

test("without augmentation the images come unchanged", async () => {
  const dataset = numbered(10, shape);
  for (const batch of await allBatches(dataset, 5, 2)) {
    for (const [place, row] of batch.labels.data.entries()) {
      expect(imageAt(batch, place)).toEqual(Array.from(dataset.images.subarray(row * 60, (row + 1) * 60)));
    }
  }
});

test("an epoch holds each image at most once, drops the partial batch, and is shuffled anew", async () => {
  const batches = await allBatches(numbered(23, shape), 5, 2);
  expect(batches.length).toBe(8);
  const epochs = [batches.slice(0, 4), batches.slice(4)].map((epoch) =>
    epoch.flatMap(({ labels }) => [...labels.data]),
  );
  for (const rows of epochs) {
    expect(new Set(rows).size).toBe(20);
    expect(rows).not.toEqual([...rows].sort((a, b) => a - b));
  }
  expect(epochs[0]).not.toEqual(epochs[1]);
});

test("a batch depends on seed, epoch and index alone, not on what was asked before", async () => {
  const dataset = numbered(23, shape);
  const options = { batch: 5, seed: 3, augmentation: { crop, flip: true } };
  const forward = await allBatches(dataset, 5, 3, options.augmentation);
  const source = trainingBatches(dataset, options);
  for (const position of randomStream(1).permutation(12)) {
    expect(await source.batch(Math.floor(position / 4), position % 4)).toEqual(forward[position]);
  }
  const other = await trainingBatches(dataset, { ...options, seed: 4 }).batch(0, 0);
  expect(other.labels.data).not.toEqual(forward[0]!.labels.data);
});

test("the stream of images does not depend on the batch size", async () => {
  const dataset = numbered(20, shape);
  const pixels = async (batch: number) =>
    (await allBatches(dataset, batch, 1, { crop, flip: true })).flatMap(({ images }) => [...images.data]);
  expect(await pixels(4)).toEqual(await pixels(10));
});

test("placements are uniform over crops and flips", () => {
  const counts = new Map<string, number>();
  const draws = 50_000;
  for (let row = 0; row < draws; row++) {
    const { top, left, mirrored } = drawPlacement({ crop: 4, flip: true }, randomStream(1, "augment", 0, row));
    const key = `${top} ${left} ${mirrored}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const cells = 9 * 9 * 2;
  const chiSquare = [...counts.values()].reduce(
    (sum, count) => sum + (count - draws / cells) ** 2 / (draws / cells),
    0,
  );
  expect(counts.size).toBe(cells);
  // 161 degrees of freedom: mean 161, deviation 18; five deviations either way.
  expect(Math.abs(chiSquare - 161)).toBeLessThan(90);
});

test("evaluation keeps the order and pads the last batch with zeros", async () => {
  const dataset = numbered(7, shape);
  const source = evaluationBatches(dataset, { batch: 3 });
  expect(source.batchesPerEpoch).toBe(3);
  const batches = await Promise.all([0, 1, 2].map((index) => source.batch(index, index)));
  expect(batches.map(({ size }) => size)).toEqual([3, 3, 1]);
  expect(batches.flatMap(({ labels }) => [...labels.data])).toEqual([0, 1, 2, 3, 4, 5, 6, 0, 0]);
  const pixels = batches.flatMap(({ images }) => [...images.data]);
  expect(pixels).toEqual([...dataset.images, ...new Array<number>(2 * 60).fill(0)]);
});

test("an evaluation batch may be larger than the dataset", async () => {
  const batch = await evaluationBatches(numbered(2, shape), { batch: 4 }).batch(0, 0);
  expect([batch.size, batch.images.shape[0]]).toEqual([2, 4]);
});

test.each([
  [{ batch: 11, seed: 1 }, /batch of at most 10.*got 11/],
  [{ batch: 0, seed: 1 }, /batch to be an integer ≥ 1, got 0/],
  [{ batch: 2.5, seed: 1 }, /got 2\.5/],
  [{ batch: 2, seed: Number.NaN }, /seed to be an integer, got NaN/],
  [{ batch: 2, seed: 1, augmentation: { crop: -1 } }, /augmentation\.crop.*got -1/],
])("%j is refused", (options, message) => {
  expect(() => trainingBatches(numbered(10, shape), options)).toThrow(InvalidArgumentError);
  expect(() => trainingBatches(numbered(10, shape), options)).toThrow(message);
});

test("a batch that does not exist is refused, and so is a closed source", async () => {
  const source = trainingBatches(numbered(10, shape), { batch: 5, seed: 1 });
  await expect(source.batch(0, 2)).rejects.toThrow(/index to be an integer in \[0, 2\), got 2/);
  await expect(source.batch(-1, 0)).rejects.toThrow(/epoch.*got -1/);
  await source.close();
  await expect(source.batch(0, 0)).rejects.toThrow(InvalidArgumentError);
});
