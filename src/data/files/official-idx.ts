import { createHash } from "node:crypto";
import { digitClasses, fashionMnistClasses } from "../class-names.js";
import type { DatasetSplit } from "./layout.js";

interface Official {
  readonly name: string;
  readonly classes: readonly string[];
  /** SHA-256 of the unpacked image and label file. */
  readonly sums: Readonly<Record<DatasetSplit, readonly [images: string, labels: string]>>;
}

const officialSets: readonly Official[] = [
  {
    name: "MNIST",
    classes: digitClasses,
    sums: {
      train: [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      ],
      test: [
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      ],
    },
  },
  {
    name: "Fashion-MNIST",
    classes: fashionMnistClasses,
    sums: {
      train: [
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      ],
      test: [
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
      ],
    },
  },
];

/** Which dataset these unpacked files are, if their SHA-256 sums are those of an official one. */
export function officialIdx(images: Uint8Array, labels: Uint8Array, split: DatasetSplit): Official | undefined {
  const sumOfLabels = sha256(labels); // the smaller file first: it mostly decides
  const candidate = officialSets.find(({ sums }) => sums[split][1] === sumOfLabels);
  return candidate && candidate.sums[split][0] === sha256(images) ? candidate : undefined;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
