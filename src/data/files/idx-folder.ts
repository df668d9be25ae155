import { basename, join, resolve } from "node:path";
import { DataError, expectation } from "../../core/index.js";
import { idxDataset } from "../idx.js";
import type { DatasetSplit, Layout } from "./layout.js";
import { officialIdx } from "./official-idx.js";
import { readBytes } from "./read-bytes.js";

const prefixes: Readonly<Record<DatasetSplit, string>> = { train: "train", test: "t10k" };
const kinds = ["images-idx3", "labels-idx1"] as const;

/** MNIST, Fashion-MNIST and whatever else comes as IDX files under MNIST's names. */
export const idxFolder: Layout = {
  files:
    "MNIST, Fashion-MNIST or alike, IDX: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, " +
    "t10k-labels-idx1-ubyte (also as .idx3-ubyte, .idx1-ubyte and with .gz)",
  matches: (entries) =>
    Object.values(prefixes).some((prefix) =>
      kinds.some((kind) => usualNames(prefix, kind).some((name) => entries.includes(name))),
    ),
  async read(folder, entries, split, { classes }) {
    const files = kinds.map((kind) => existing(folder, entries, prefixes[split], kind));
    const [images, labels] = await Promise.all(files.map((file) => readBytes(join(folder, file))));
    const official = officialIdx(images!.bytes, labels!.bytes, split);
    const name = official?.name ?? `${basename(resolve(folder))} (IDX)`;
    const names = classes ?? official?.classes;
    return idxDataset(images!, labels!, { name, ...(names && { classes: names }) });
  },
};

function existing(folder: string, entries: readonly string[], prefix: string, kind: string): string {
  const names = usualNames(prefix, kind);
  const found = names.find((name) => entries.includes(name));
  if (found === undefined) {
    throw new DataError(expectation(folder, `one of the files ${names.join(", ")}`, "none of them"));
  }
  return found;
}

function usualNames(prefix: string, kind: string): string[] {
  const plain = [`${prefix}-${kind}-ubyte`, `${prefix}-${kind.replace("-idx", ".idx")}-ubyte`];
  return [...plain, ...plain.map((name) => `${name}.gz`)];
}
