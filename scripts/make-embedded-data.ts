/**
 * Makes data/fashion-mnist/, the dataset inside the package, from the full Fashion-MNIST: the first 1,000 training
 * images of each class in their official order, and the test images as they are.
 *
 * usage: npx esbuild scripts/make-embedded-data.ts --bundle --platform=node --format=esm |
 *          node --input-type=module - /usr/share/datasets/fashion-mnist
 *
 * The folder may hold the four official files plain or gzipped (Debian's package dataset-fashion-mnist does).
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { readDataset } from "../src/data/files/index.js";
import { type ImageDataset, type ImagesInMemory, subset } from "../src/data/index.js";

const target = "data/fashion-mnist";
const perClass = 1000;

const source = process.argv[2];
if (source === undefined) throw new Error("usage: … FOLDER (with the four IDX files of Fashion-MNIST)");
mkdirSync(target, { recursive: true });

const packedSums: string[] = [];
const unpackedSums: string[] = [];
for (const split of ["train", "test"] as const) {
  const full = (await readDataset(source, split)) as ImagesInMemory;
  if (full.name !== "Fashion-MNIST")
    throw new Error(`${source}: expected the official Fashion-MNIST, got ${full.name}`);
  const chosen = split === "train" ? subset(full, firstOfEachClass(full)) : full;
  const prefix = split === "train" ? "train" : "t10k";
  writeIdx(`${prefix}-images-idx3-ubyte`, [chosen.labels.length, 28, 28], chosen.images);
  writeIdx(`${prefix}-labels-idx1-ubyte`, [chosen.labels.length], chosen.labels);
}
writeFileSync(`${target}/SHA256SUMS`, packedSums.join(""));
writeFileSync(`${target}/SHA256SUMS.unpacked`, unpackedSums.join(""));

function firstOfEachClass({ labels, classes }: ImageDataset): Uint32Array {
  const left = classes.map(() => perClass);
  return Uint32Array.from(labels.keys()).filter((row) => left[labels[row]!]!-- > 0);
}

function writeIdx(name: string, shape: readonly number[], elements: ArrayLike<number>): void {
  const bytes = new Uint8Array(4 + 4 * shape.length + elements.length);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((size, axis) => {
    new DataView(bytes.buffer).setUint32(4 + 4 * axis, size);
  });
  bytes.set(elements, 4 + 4 * shape.length);

  const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
  packed[9] = 255; // the header's operating system: unknown, so that all systems write the same
  writeFileSync(`${target}/${name}.gz`, packed);
  packedSums.push(`${sha256(packed)}  ${name}.gz\n`);
  unpackedSums.push(`${sha256(bytes)}  ${name}\n`);
  console.log(`${target}/${name}.gz: ${bytes.length} bytes, ${packed.length} packed`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
