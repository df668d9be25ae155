import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { assertArgument, DataError, expectation } from "../../core/index.js";
import type { ImageDataset } from "../dataset.js";
import { cifar10Folder, cifar100Folder } from "./cifar-folder.js";
import { idxFolder } from "./idx-folder.js";
import { imageFolder } from "./image-folder.js";
import type { DatasetSplit, Layout, ReadDatasetOptions } from "./layout.js";
import { fileError } from "./read-bytes.js";

export type { DatasetSplit, ReadDatasetOptions };

const layouts: readonly Layout[] = [cifar10Folder, cifar100Folder, idxFolder, imageFolder];

/** Where archives and PyTorch's torchvision put the files, below the folder that a person names. */
const usualSubfolders = ["cifar-10-batches-bin", "cifar-100-binary", "raw", "MNIST/raw", "FashionMNIST/raw"];

/**
 * Reads a split of a dataset from a folder in its official format, told by the names of the files: CIFAR-10 and
 * CIFAR-100 (binary version), MNIST, Fashion-MNIST and alike (IDX, plain or gzipped), ImageNet and alike (a folder of
 * JPEG or PNG files for each class, in `train/` and `val/`). The files may also be in the subfolder that the official
 * archives make. Images in class folders stay there until a batch needs them; the others are read into memory.
 *
 * MNIST and Fashion-MNIST are named so only if the files have the official SHA-256 sums; others are read all the same,
 * and named for their folder.
 *
 * @throws DataError if the folder or a file is missing, cut short, corrupt or not what its name says; its message
 *   begins with the path.
 * @example
 * const training = await readDataset("cifar-10-batches-bin", "train");
 */
export async function readDataset(
  folder: string,
  split: DatasetSplit,
  options: ReadDatasetOptions = {},
): Promise<ImageDataset> {
  assertArgument(split === "train" || split === "test", "readDataset", 'split to be "train" or "test"', split);
  const top = await readdir(folder).catch((error: unknown) => {
    throw fileError(folder, "the folder of a dataset", error);
  });
  for (const place of [folder, ...usualSubfolders.map((name) => join(folder, name))]) {
    const entries = place === folder ? top : await readdir(place).catch(() => []);
    const layout = layouts.find(({ matches }) => matches(entries));
    if (layout !== undefined) return layout.read(place, entries, split, options);
  }
  const got = top.length === 0 ? "an empty folder" : `${top.slice(0, 8).join(", ")}${top.length > 8 ? ", …" : ""}`;
  const known = layouts.map(({ files }) => `\n  ${files}`).join("");
  throw new DataError(expectation(folder, "the files of a dataset", got, `what is looked for:${known}`));
}
