import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "@cwasm/lodepng";
import { expect, test } from "vitest";
import { DataError, InvalidArgumentError } from "../../../src/core/index.js";
import { decodeImage } from "../../../src/data/files/decode-image.js";
import { readDataset } from "../../../src/data/files/index.js";
import {
  channelStatistics,
  evaluationBatches,
  fingerprint,
  type ImagesInFiles,
  imageNetStatistics,
  isInMemory,
  splitValidation,
  subset,
  trainingBatches,
  viewOf,
  zeroPadTo,
} from "../../../src/data/index.js";
import { ImageThreads } from "../../../src/data/threads/image-threads.js";
import { threadedBatches } from "../../../src/data/threads/index.js";
import { temporaryFolder } from "../support.js";

const goldens = "test/goldens/images";
const size = 8;

/** A picture of one grey level, but for a white left edge. */
function png(level: number, width = 20, height = 16): Uint8Array {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (pixel % width >= 6) data.fill(level, pixel * 4, pixel * 4 + 3);
  }
  return encode({ width, height, data });
}

/** A folder in ImageNet's layout: classes `ant` and `bee`, with five and four training and two test pictures. */
function makeFolder(): string {
  const folder = temporaryFolder();
  const write = (path: string, bytes: Uint8Array) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  for (let i = 0; i < 5; i++) write(`train/ant/${i}.PNG`, png(10 * i));
  for (let i = 0; i < 4; i++) write(`train/bee/${i}.png`, png(100 + 10 * i, 30 + i, 17));
  write("train/bee/notes.txt", Buffer.from("no picture"));
  write("val/bee/a.png", png(200));
  write("val/bee/b.png", png(210));
  return folder;
}

async function filesOf(folder: string, split: "train" | "test" = "train"): Promise<ImagesInFiles> {
  const dataset = await readDataset(folder, split, { imageSize: size });
  if (isInMemory(dataset)) throw new Error("expected images in files");
  return dataset;
}

/** The grey level of each image of a batch, in its lower right corner. */
function levels(images: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: count }, (_, row) => images[(row + 1) * 3 * size * size - 1]!);
}

test("a folder of class folders is a dataset whose images stay in their files", async () => {
  const folder = makeFolder();
  const dataset = await filesOf(folder);
  expect(dataset.classes).toEqual(["ant", "bee"]);
  expect([...dataset.labels]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
  expect(dataset.images.paths.slice(4, 6)).toEqual(["ant/4.PNG", "bee/0.png"]);
  expect(dataset.images.sizes[0]).toBe(png(0).length);
  expect(dataset.shape).toEqual([3, size, size]);
  expect(channelStatistics(dataset)).toBe(imageNetStatistics);
  const test = await filesOf(folder, "test"); // without the class `ant`, whose number stays
  expect(test.classes).toEqual(["ant", "bee"]);
  expect([...test.labels]).toEqual([1, 1]);
  expect((await readDataset(folder, "train")).shape).toEqual([3, 224, 224]);
});

test("evaluation takes the centres in order, and fills up the last batch", async () => {
  const source = evaluationBatches(await filesOf(makeFolder()), { batch: 4 });
  const batches = await Promise.all([0, 1, 2].map((index) => source.batch(0, index)));
  expect(batches.map((batch) => batch.size)).toEqual([4, 4, 1]);
  expect(batches.flatMap(({ images }) => levels(images.data, 4))).toEqual([
    0, 10, 20, 30, 40, 100, 110, 120, 130, 0, 0, 0,
  ]);
  expect(batches.flatMap(({ labels }) => [...labels.data])).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0]);
  expect(batches[0]!.images.shape).toEqual([4, 3, size, size]);
});

test("training batches are a function of seed, epoch and index, whoever asks and in whatever order", async () => {
  const dataset = await filesOf(makeFolder());
  const options = { batch: 4, seed: 3, augmentation: { flip: true, resizedCrop: {} } };
  const source = trainingBatches(dataset, options);
  expect(source.batchesPerEpoch).toBe(2);
  const inOrder = [await source.batch(0, 0), await source.batch(0, 1), await source.batch(1, 0)];
  const other = threadedBatches(dataset, options);
  expect(await other.batch(1, 0)).toEqual(inOrder[2]);
  expect(await other.batch(0, 1)).toEqual(inOrder[1]);
  expect(await source.batch(0, 0)).toEqual(inOrder[0]);
  expect(inOrder[2]!.images.data).not.toEqual(inOrder[0]!.images.data);

  // Each image is the view of its row and epoch, decoded here in this thread.
  const plain = trainingBatches(dataset, { batch: 9, seed: 3, augmentation: { flip: true, resizedCrop: {} } });
  const { images, labels } = await plain.batch(5, 0);
  const made = new Map<string, number>();
  for (const [row, path] of dataset.images.paths.entries()) {
    const bytes = row < 5 ? png(10 * row) : png(100 + 10 * (row - 5), 30 + row - 5, 17);
    const training = { seed: 3, epoch: 5, row, augmentation: { flip: true, resizedCrop: {} } };
    made.set(viewOf(decodeImage({ from: path, bytes }), { size, training }).join(), dataset.labels[row]!);
  }
  for (let place = 0; place < 9; place++) {
    const image = images.data.subarray(place * 3 * size * size, (place + 1) * 3 * size * size);
    expect(made.get(image.join())).toBe(labels.data[place]);
  }
});

test("without a resized crop training sees the centre, mirrored half of the time", async () => {
  const dataset = await filesOf(makeFolder());
  const centres = await evaluationBatches(dataset, { batch: 9 }).batch(0, 0);
  const imageAt = (data: ArrayLike<number>, row: number) => Array.from(data).slice(row * 192, (row + 1) * 192);
  const mirror = (image: readonly number[]) => image.map((_, i) => image[i - (i % size) + size - 1 - (i % size)]!);
  const plain = Array.from({ length: 9 }, (_, row) => imageAt(centres.images.data, row));
  const source = trainingBatches(dataset, { batch: 9, seed: 1, augmentation: { flip: true } });
  let mirrored = 0;
  for (let epoch = 0; epoch < 12; epoch++) {
    const { images } = await source.batch(epoch, 0);
    for (let place = 0; place < 9; place++) {
      const image = imageAt(images.data, place);
      const isPlain = plain.some((other) => other.join() === image.join());
      if (!isPlain) expect(plain.map((other) => mirror(other).join())).toContain(image.join());
      if (!isPlain) mirrored++;
    }
  }
  expect(Math.abs(mirrored - 54)).toBeLessThan(5 * Math.sqrt(108 / 4));
});

test("subsets, splits and fingerprints follow the files", async () => {
  const folder = makeFolder();
  const dataset = await filesOf(folder);
  expect(subset(dataset, [6, 0]).images.paths).toEqual(["bee/1.png", "ant/0.PNG"]);
  expect([...subset(dataset, [6, 0]).labels]).toEqual([1, 0]);
  const { training, validation } = splitValidation(dataset, { count: 3, seed: 1 });
  expect([...training.images.paths, ...validation.images.paths].sort()).toEqual([...dataset.images.paths].sort());
  expect(validation.labels.length).toBe(3);

  const print = await fingerprint(dataset);
  expect(await fingerprint(await filesOf(folder))).toBe(print);
  expect(await fingerprint(training)).not.toBe(print);
  writeFileSync(join(folder, "train/ant/0.PNG"), png(0, 41, 33));
  expect(await fingerprint(await filesOf(folder))).not.toBe(print);
  expect(zeroPadTo(dataset, size)).toBe(dataset);
  expect(() => zeroPadTo(dataset, size + 1)).toThrow("read them at that size");
});

test("a damaged picture is a DataError that names the file, and the others still come", async () => {
  const folder = makeFolder();
  const path = join(folder, "val/bee/a.png");
  const jpeg = readFileSync(`${goldens}/wide.jpg`);
  const cases: [Uint8Array, RegExp][] = [
    [jpeg.subarray(0, jpeg.length / 2), /a\.png: expected an intact image, got ".+"; fetch it again/],
    [png(1).subarray(0, 60), /a\.png: expected an intact image/],
    [Buffer.from("GIF89a"), /a\.png: expected a JPEG or PNG file, got one that begins with 47 49 46 38/],
    [new Uint8Array(), /a\.png: expected a JPEG or PNG file, got an empty file/],
  ];
  for (const [bytes, message] of cases) {
    writeFileSync(path, bytes);
    const source = evaluationBatches(await filesOf(folder, "test"), { batch: 1 });
    const error = await source.batch(0, 0).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.startsWith(path)).toBe(true);
    expect(levels((await source.batch(0, 1)).images.data, 1)).toEqual([210]);
  }
  cpSync(`${goldens}/wide.jpg`, path); // a JPEG, whatever it is called
  expect((await evaluationBatches(await filesOf(folder, "test"), { batch: 1 }).batch(0, 0)).size).toBe(1);
});

test("a folder that is not as it should be is told", async () => {
  const folder = makeFolder();
  mkdirSync(join(folder, "val/cow"));
  await expect(filesOf(folder, "test")).rejects.toThrow(
    "only the classes that the training images have, got a folder cow",
  );
  const flat = temporaryFolder();
  mkdirSync(join(flat, "val"));
  writeFileSync(join(flat, "val/1.png"), png(1));
  await expect(filesOf(flat, "test")).rejects.toThrow("val: expected a folder for each class, got 1 files; sort");
  await expect(filesOf(flat)).rejects.toThrow("expected the folder train, got val");
  const empty = temporaryFolder();
  mkdirSync(join(empty, "train/ant"), { recursive: true });
  await expect(filesOf(empty)).rejects.toThrow("pictures (.jpg, .jpeg or .png) in the class folders, got none");
  await expect(readDataset(folder, "train", { imageSize: 0 })).rejects.toThrow(InvalidArgumentError);
});

test("augmentation is refused where it cannot be", async () => {
  const dataset = await filesOf(makeFolder());
  const of = (augmentation: object) => () => trainingBatches(dataset, { batch: 4, seed: 1, augmentation });
  expect(of({ crop: 4 })).toThrow("use augmentation.resizedCrop");
  expect(of({ resizedCrop: { scale: [0, 1] } })).toThrow("resizedCrop.scale");
  expect(of({ resizedCrop: { scale: [0.5, 2] } })).toThrow("resizedCrop.scale");
  expect(of({ resizedCrop: { ratio: [2, 1] } })).toThrow("resizedCrop.ratio");
  expect(of({ crop: 0, resizedCrop: {} })).not.toThrow();
});

test("threads share the work, start anew after they were ended, and a lost one fails what waits for it", async () => {
  const threads = new ImageThreads(2);
  const read = (count: number) =>
    Promise.all(Array.from({ length: count }, () => threads.read(`${goldens}/odd.png`, { size })));
  const first = await read(20);
  expect(new Set(first.map(String)).size).toBe(1);
  const waiting = read(50);
  waiting.catch(() => {});
  await threads.close();
  await expect(waiting).rejects.toThrow("image thread: it ended");
  expect(await read(3)).toEqual(first.slice(0, 3));
  await threads.close();
});
