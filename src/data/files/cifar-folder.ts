import { join } from "node:path";
import { DataError, expectation } from "../../core/index.js";
import { cifarDataset } from "../cifar.js";
import type { Layout } from "./layout.js";
import { readBytes } from "./read-bytes.js";

const trainingFiles = [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.bin`);

/** CIFAR-10, binary version. */
export const cifar10Folder: Layout = {
  files: "CIFAR-10, binary version: data_batch_1.bin to data_batch_5.bin, test_batch.bin, batches.meta.txt",
  matches: (entries) => [...trainingFiles, "test_batch.bin"].some((file) => entries.includes(file)),
  async read(folder, entries, split) {
    const classes = await classNames(folder, entries, "batches.meta.txt", 10);
    const files = split === "train" ? trainingFiles : ["test_batch.bin"];
    return cifarDataset(await readAll(folder, files), 10, classes && { classes });
  },
};

/** CIFAR-100, binary version. */
export const cifar100Folder: Layout = {
  files: "CIFAR-100, binary version: train.bin, test.bin, fine_label_names.txt, coarse_label_names.txt",
  matches: (entries) => ["train.bin", "test.bin"].some((file) => entries.includes(file)),
  async read(folder, entries, split, { labels = "fine" }) {
    const classes = await classNames(folder, entries, `${labels}_label_names.txt`, labels === "fine" ? 100 : 20);
    return cifarDataset(await readAll(folder, [`${split}.bin`]), 100, { labels, ...(classes && { classes }) });
  },
};

function readAll(folder: string, files: readonly string[]) {
  return Promise.all(files.map((file) => readBytes(join(folder, file))));
}

/** One name a line; nothing where the file is missing, for training does not need it. */
async function classNames(folder: string, entries: readonly string[], file: string, count: number) {
  if (!entries.includes(file)) return undefined;
  const path = join(folder, file);
  const lines = new TextDecoder().decode((await readBytes(path)).bytes).split("\n");
  const names = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (names.length !== count) throw new DataError(expectation(path, `${count} class names, one a line`, names.length));
  return names;
}
