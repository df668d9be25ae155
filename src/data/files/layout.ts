import type { ImageDataset } from "../dataset.js";

/** Which of a dataset's two official parts. */
export type DatasetSplit = "train" | "test";

/** Options of {@link readDataset}. */
export interface ReadDatasetOptions {
  /** Which labels of CIFAR-100 to use: its 100 classes or its 20 superclasses; `fine` if absent. */
  readonly labels?: "fine" | "coarse";
  /** Name of each class, where the files do not say: in IDX folders other than MNIST and Fashion-MNIST. Ten digits if absent. */
  readonly classes?: readonly string[];
  /** Height and width that images in a folder are brought to; 224 if absent. Other formats have the size they have. */
  readonly imageSize?: number;
}

/** One way in which datasets lie in a folder. */
export interface Layout {
  /** The files that it consists of, for messages. */
  readonly files: string;
  /** Whether a folder with these entries is meant as one. */
  matches(entries: readonly string[]): boolean;
  read(
    folder: string,
    entries: readonly string[],
    split: DatasetSplit,
    options: ReadDatasetOptions,
  ): Promise<ImageDataset>;
}
