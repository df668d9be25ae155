import { fileURLToPath } from "node:url";
import { fashionMnistClasses } from "../class-names.js";
import type { ImagesInMemory } from "../dataset.js";
import type { DatasetSplit } from "./layout.js";
import { readDataset } from "./read-dataset.js";

/** The package's own data; `src/data/files` and `dist/data/files` are equally deep. */
const folder = fileURLToPath(new URL("../../../data/fashion-mnist", import.meta.url));

/**
 * The dataset inside the package, so that a first training needs nothing else: of Fashion-MNIST (Xiao et al. 2017,
 * arXiv:1708.07747), the first 1,000 training images of each class, and all 10,000 test images; 28×28, grey.
 *
 * @throws DataError if the package's files are missing or damaged.
 */
export async function embeddedDataset(split: DatasetSplit): Promise<ImagesInMemory> {
  const dataset = (await readDataset(folder, split, { classes: fashionMnistClasses })) as ImagesInMemory; // IDX is
  return { ...dataset, name: split === "train" ? "Fashion-MNIST (10,000 training images)" : "Fashion-MNIST" };
}
