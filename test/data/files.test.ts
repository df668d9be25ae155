import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { DataError } from "../../src/core/index.js";
import { embeddedDataset, readDataset } from "../../src/data/files/index.js";
import { channelStatistics, fashionMnistClasses } from "../../src/data/index.js";
import { idx, inMemory, temporaryFolder } from "./support.js";

type Files = Readonly<Record<string, Uint8Array | string>>;

function folderOf(files: Files, below = ""): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, below), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, below, name), content);
  return folder;
}

const record = (...bytes: readonly number[]): Uint8Array => {
  const [pixel = 0] = bytes.slice(-1);
  return Uint8Array.from([...bytes.slice(0, -1), ...new Array<number>(3072).fill(pixel)]);
};
const images = idx([3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const labels = idx([3], [9, 0, 4]);
const testImages = idx([1, 2, 2], [21, 22, 23, 24]);
const testLabels = idx([1], [7]);
const idxFiles: Files = {
  "train-images-idx3-ubyte": images,
  "train-labels-idx1-ubyte": labels,
  "t10k-images-idx3-ubyte": testImages,
  "t10k-labels-idx1-ubyte": testLabels,
};
const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const cifar10Files: Files = {
  ...Object.fromEntries([1, 2, 3, 4, 5].map((part) => [`data_batch_${part}.bin`, record(part, part * 10)])),
  "test_batch.bin": record(9, 90),
  "batches.meta.txt": `${names.join("\r\n")}\r\n\r\n`,
};
const cifar100Files: Files = {
  "train.bin": record(3, 42, 5),
  "test.bin": record(19, 99, 6),
  "fine_label_names.txt": Array.from({ length: 100 }, (_, i) => `fine ${i}`).join("\n"),
  "coarse_label_names.txt": Array.from({ length: 20 }, (_, i) => `coarse ${i}`).join("\n"),
};
const gzipped = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${name}.gz`, gzipSync(content)]));
const dotted = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name.replace("-idx", ".idx"), content]));

test.each([
  ["plain", idxFiles, ""],
  ["gzipped", gzipped(idxFiles), ""],
  ["plain with dots", dotted(idxFiles), ""],
  ["gzipped with dots", gzipped(dotted(idxFiles)), ""],
  ["gzipped under a plain name", Object.fromEntries(Object.entries(idxFiles).map(([k, v]) => [k, gzipSync(v)])), ""],
  ["in torchvision's subfolder", idxFiles, "MNIST/raw"],
])("IDX files are read: %s", async (_how, files, below) => {
  const folder = folderOf(files, below);
  const training = inMemory(await readDataset(folder, "train"));
  expect([...training.images]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect([...training.labels]).toEqual([9, 0, 4]);
  expect(training.shape).toEqual([1, 2, 2]);
  expect(training.name).toMatch(/\(IDX\)$/); // not the official files
  const evaluation = inMemory(await readDataset(folder, "test"));
  expect([...evaluation.images, ...evaluation.labels]).toEqual([21, 22, 23, 24, 7]);
});

test("class names of an IDX folder can be given, and bound its labels", async () => {
  const folder = folderOf({ ...idxFiles, "train-labels-idx1-ubyte": idx([3], [25, 0, 4]) });
  await expect(readDataset(folder, "train")).rejects.toThrow(/labels in \[0, 10\), got 25 at image 0/);
  const classes = [..."abcdefghijklmnopqrstuvwxyz"];
  expect((await readDataset(folder, "train", { classes })).classes).toEqual(classes);
});

test.each(["", "cifar-10-batches-bin"])("CIFAR-10 is read from the folder %j", async (below) => {
  const folder = folderOf(cifar10Files, below);
  const training = inMemory(await readDataset(folder, "train"));
  expect(training.name).toBe("CIFAR-10");
  expect(training.shape).toEqual([3, 32, 32]);
  expect([...training.labels]).toEqual([1, 2, 3, 4, 5]);
  expect([0, 1, 2, 3, 4].map((row) => training.images[row * 3072 + 3071])).toEqual([10, 20, 30, 40, 50]);
  expect(training.classes).toEqual(names);
  const evaluation = inMemory(await readDataset(folder, "test"));
  expect([...evaluation.labels, evaluation.images[0]]).toEqual([9, 90]);
});

test("CIFAR-10 without its list of classes has the usual ones", async () => {
  const { "batches.meta.txt": _, ...rest } = cifar10Files;
  expect((await readDataset(folderOf(rest), "test")).classes[9]).toBe("truck");
});

test.each(["", "cifar-100-binary"])("CIFAR-100 is read from the folder %j, with either labels", async (below) => {
  const folder = folderOf(cifar100Files, below);
  const fine = inMemory(await readDataset(folder, "train"));
  expect([fine.name, fine.labels[0], fine.classes[42], fine.images[0]]).toEqual(["CIFAR-100", 42, "fine 42", 5]);
  const coarse = await readDataset(folder, "test", { labels: "coarse" });
  expect([coarse.labels[0], coarse.classes[19], coarse.classes.length]).toEqual([19, "coarse 19", 20]);
});

/** What is written, which file the error must name first, and what else it must say. */
const failures: readonly (readonly [what: string, files: Files, file: string, message: RegExp])[] = [
  ["an empty folder", {}, "", /expected the files of a dataset, got an empty folder; what is looked for:/],
  [
    "no dataset",
    { "notes.txt": "", "a.png": "" },
    "",
    /got a\.png, notes\.txt; .*\n {2}CIFAR-10.*\n {2}CIFAR-100.*\n {2}MNIST/,
  ],
  [
    "labels missing",
    { "train-images-idx3-ubyte": images },
    "",
    /one of the files train-labels-idx1-ubyte, .*\.gz, got none/,
  ],
  [
    "a split missing",
    { "t10k-images-idx3-ubyte": testImages, "t10k-labels-idx1-ubyte": testLabels },
    "",
    /train-images-idx3/,
  ],
  ["a CIFAR-10 part missing", { ...omit(cifar10Files, "data_batch_3.bin") }, "data_batch_3.bin", /got nothing there/],
  ["the CIFAR-10 test part missing", omit(cifar10Files, "test_batch.bin"), "test_batch.bin", /got nothing there/],
  [
    "IDX cut short",
    change("train-images-idx3-ubyte", images.subarray(0, 20)),
    "train-images-idx3-ubyte",
    /28 bytes.*got 20 bytes/,
  ],
  ["IDX emptied", change("train-labels-idx1-ubyte", new Uint8Array(0)), "train-labels-idx1-ubyte", /got no bytes/],
  [
    "a wrong magic number",
    change("train-images-idx3-ubyte", "PNG?"),
    "train-images-idx3-ubyte",
    /magic.*got 50 4e 47 3f/,
  ],
  [
    "a label out of range",
    change("train-labels-idx1-ubyte", idx([3], [0, 1, 99])),
    "train-labels-idx1-ubyte",
    /got 99 at image 2/,
  ],
  [
    "another count of labels",
    change("train-labels-idx1-ubyte", testLabels),
    "train-labels-idx1-ubyte",
    /3 labels .*, got 1/,
  ],
  [
    "images and labels exchanged",
    change("train-images-idx3-ubyte", labels),
    "train-images-idx3-ubyte",
    /\[n, height, width\]/,
  ],
  [
    "gzip cut short",
    changeGzip((bytes) => bytes.subarray(0, 20)),
    "train-images-idx3-ubyte.gz",
    /intact gzip.*unexpected end/,
  ],
  ["gzip of other contents", changeGzip(() => gzipSync("hello")), "train-images-idx3-ubyte.gz", /magic/],
  [
    "gzip with a flipped bit",
    changeGzip((bytes) => bytes.map((byte, i) => (i === bytes.length - 6 ? byte ^ 1 : byte))),
    "train-images-idx3-ubyte.gz",
    /intact gzip.*incorrect data check/,
  ],
  [
    "CIFAR-10 cut short",
    { ...cifar10Files, "data_batch_5.bin": record(1, 1).subarray(1) },
    "data_batch_5.bin",
    /got 3072 bytes/,
  ],
  [
    "a CIFAR-10 label out of range",
    { ...cifar10Files, "data_batch_1.bin": record(10, 1) },
    "data_batch_1.bin",
    /got 10 at image 0/,
  ],
  [
    "nine class names",
    { ...cifar10Files, "batches.meta.txt": names.slice(1).join("\n") },
    "batches.meta.txt",
    /10 class names.*got 9/,
  ],
  [
    "CIFAR-100 cut short",
    { ...cifar100Files, "train.bin": record(1, 1) },
    "train.bin",
    /records of 3074 bytes, got 3073/,
  ],
];

function omit(files: Files, name: string): Files {
  return Object.fromEntries(Object.entries(files).filter(([other]) => other !== name));
}

function change(name: string, content: Uint8Array | string): Files {
  return { ...idxFiles, [name]: content };
}

function changeGzip(by: (bytes: Uint8Array) => Uint8Array): Files {
  const name = "train-images-idx3-ubyte.gz";
  const files = gzipped(idxFiles);
  return { ...files, [name]: by(files[name] as Uint8Array) };
}

test.each(failures)("%s is a DataError that begins with the path", async (what, files, file, message) => {
  const folder = folderOf(files);
  const error = await readDataset(folder, what.includes("test part") ? "test" : "train").catch(
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message.startsWith(`${join(folder, file)}: expected `)).toBe(true);
});

test("a folder that is missing, or a file, or that may not be read, is a DataError", async () => {
  const folder = folderOf(idxFiles);
  await expect(readDataset(join(folder, "none"), "train")).rejects.toThrow(
    /none: expected the folder of a dataset, got nothing/,
  );
  await expect(readDataset(join(folder, "none"), "train")).rejects.toThrow(DataError);
  await expect(readDataset(join(folder, "t10k-labels-idx1-ubyte"), "train")).rejects.toThrow(/ENOTDIR/);
  if (process.getuid?.() === 0) return; // root may read everything
  chmodSync(join(folder, "train-images-idx3-ubyte"), 0);
  await expect(readDataset(folder, "train")).rejects.toThrow(/EACCES/);
});

test("a folder in a file's place is a DataError", async () => {
  const folder = folderOf(omit(cifar10Files, "test_batch.bin"));
  mkdirSync(join(folder, "test_batch.bin"));
  await expect(readDataset(folder, "test")).rejects.toThrow(/test_batch\.bin: .*EISDIR/);
});

test("another split than train and test is refused", async () => {
  await expect(readDataset(folderOf(idxFiles), "validation" as never)).rejects.toThrow(/got validation/);
});

test("the embedded dataset is balanced Fashion-MNIST", async () => {
  const training = await embeddedDataset("train");
  const evaluation = await embeddedDataset("test");
  for (const { labels, shape, images, classes } of [training, evaluation]) {
    expect(classes).toEqual(fashionMnistClasses);
    expect(shape).toEqual([1, 28, 28]);
    expect(images.length).toBe(10_000 * 784);
    for (let label = 0; label < 10; label++) expect(labels.filter((other) => other === label).length).toBe(1000);
  }
  // Those of the full training set are 0.2860 and 0.3530; a sixth of it differs by chance only.
  const { mean, std } = channelStatistics(training);
  expect(Math.abs(mean[0]! - 0.286)).toBeLessThan(0.004);
  expect(Math.abs(std[0]! - 0.353)).toBeLessThan(0.004);
});

test("the embedded test split is the official one, told by its sums", async () => {
  expect((await readDataset("data/fashion-mnist", "test")).name).toBe("Fashion-MNIST");
  expect((await readDataset("data/fashion-mnist", "train")).name).toBe("fashion-mnist (IDX)");
});

test("the embedded files have the sums written beside them", () => {
  const folder = "data/fashion-mnist";
  const lines = readFileSync(join(folder, "SHA256SUMS"), "utf8").trim().split("\n");
  const sums = Object.fromEntries(lines.map((line) => line.split("  ").reverse()));
  const packed = readdirSync(folder).filter((name) => name.endsWith(".gz"));
  expect(Object.keys(sums).sort()).toEqual(packed.sort());
  for (const name of packed) {
    expect(
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ).toBe(sums[name]);
  }
});

const fullSet = "/usr/share/datasets/fashion-mnist";
test.runIf(existsSync(fullSet))("each embedded image is the next of its class in the full set", async () => {
  const [full, embedded] = await Promise.all([readDataset(fullSet, "train").then(inMemory), embeddedDataset("train")]);
  expect(full.name).toBe("Fashion-MNIST");
  const taken = new Array<number>(10).fill(0);
  let place = 0;
  for (const [row, label] of full.labels.entries()) {
    if (taken[label]!++ >= 1000) continue;
    expect(embedded.labels[place]).toBe(label);
    const same = Buffer.compare(image(full.images, row), image(embedded.images, place)) === 0;
    expect(same).toBe(true);
    place++;
  }
  expect(place).toBe(10_000);
});

function image(images: Uint8Array | Float32Array, row: number): Uint8Array {
  return images.subarray(row * 784, (row + 1) * 784) as Uint8Array;
}
