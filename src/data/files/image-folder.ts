import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DataError, expectation } from "../../core/index.js";
import { assertCount } from "../batch-options.js";
import type { ImagesInFiles, ImageView } from "../dataset.js";
import { ImageThreads } from "../threads/image-threads.js";
import type { Layout } from "./layout.js";
import { fileError } from "./read-bytes.js";

const parts = { train: ["train"], test: ["val", "test"] } as const;

/** ImageNet and whatever else lies as a folder of pictures for each class, as torchvision's `ImageFolder` takes it. */
export const imageFolder: Layout = {
  files: "ImageNet or alike: train/CLASS/*.JPEG, val/CLASS/*.JPEG (also test/ for val/, and .jpg, .jpeg or .png)",
  matches: (entries) =>
    Object.values(parts)
      .flat()
      .some((part) => entries.includes(part)),
  async read(folder, entries, split, { imageSize = 224 }) {
    assertCount("readDataset", "imageSize", imageSize, 1);
    const part = parts[split].find((name) => entries.includes(name));
    if (part === undefined) {
      const got = entries.slice(0, 8).join(", ");
      throw new DataError(expectation(folder, `the folder ${parts[split].join(" or ")}`, got));
    }
    // A class may be missing from the test images, and a label must mean the same in both.
    const classes = await classFolders(join(folder, entries.includes("train") ? "train" : part));
    const { labels, ...files } = await picturesOf(join(folder, part), classes);
    const read = (path: string, view: ImageView) => threads.read(join(folder, part, path), view);
    const name = `${basename(resolve(folder))} (images)`;
    return {
      name,
      images: { ...files, read },
      labels,
      shape: [3, imageSize, imageSize],
      classes,
    } satisfies ImagesInFiles;
  },
};

/** The threads that decode for all datasets of this process; they start when the first image is read. */
const threads = new ImageThreads();

/** The names of the classes: those of the folders, in order of their characters, as torchvision numbers them. */
async function classFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError(folder, "a folder of class folders", error);
  });
  const classes = entries
    .filter((entry) => !entry.isFile())
    .map(({ name }) => name)
    .sort();
  if (classes.length > 0) return classes;
  const fix = "sort the images into a folder for each class";
  throw new DataError(expectation(folder, "a folder for each class", `${entries.length} files`, fix));
}

interface Pictures {
  readonly paths: string[];
  readonly sizes: number[];
  readonly labels: Int32Array;
}

/** All pictures, class by class, by name within each. */
async function picturesOf(folder: string, classes: readonly string[]): Promise<Pictures> {
  const present = new Set(await classFolders(folder));
  const unknown = [...present].find((name) => !classes.includes(name));
  if (unknown !== undefined) {
    throw new DataError(expectation(folder, "only the classes that the training images have", `a folder ${unknown}`));
  }
  const paths: string[] = [];
  const sizes: number[] = [];
  const labels: number[] = [];
  for (const [label, name] of classes.entries()) {
    if (!present.has(name)) continue;
    const entries = await readdir(join(folder, name)).catch((error: unknown) => {
      throw fileError(join(folder, name), "the folder of a class", error);
    });
    const found = entries.filter((entry) => /\.(jpe?g|png)$/i.test(entry)).sort();
    const pictures = await Promise.all(
      found.map(async (picture) => ({
        path: `${name}/${picture}`,
        size: await sizeOfFile(join(folder, name, picture)),
      })),
    );
    for (const { path, size } of pictures) {
      paths.push(path);
      sizes.push(size);
      labels.push(label);
    }
  }
  if (paths.length > 0) return { paths, sizes, labels: Int32Array.from(labels) };
  throw new DataError(expectation(folder, "pictures (.jpg, .jpeg or .png) in the class folders", "none"));
}

async function sizeOfFile(path: string): Promise<number> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw fileError(path, "a file that can be read", error);
  });
  return size;
}
