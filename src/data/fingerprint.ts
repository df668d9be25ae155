import { NormwiseError } from "../core/index.js";
import { type ImageDataset, type ImageFiles, isInMemory } from "./dataset.js";
import type { ParallelText } from "./text/parallel-text.js";

/**
 * A SHA-256, in hexadecimal, of what training sees of a dataset: element type, shape, images and labels, but not its
 * names. Computed as SHA-256(header ‖ SHA-256(images) ‖ SHA-256(labels)), little-endian, by Web Crypto. Of images in
 * files, paths and sizes stand for the pixels: lines of `SIZE PATH`. Of parallel text it is SHA-256(header ‖
 * SHA-256(source) ‖ SHA-256(target)) of its lines, each ended by `\n`.
 *
 * @throws NormwiseError where Web Crypto is missing: in a web page that came neither by HTTPS nor from localhost.
 */
export async function fingerprint(data: ImageDataset | ParallelText): Promise<string> {
  if ("source" in data) {
    return ofParts(`text [${data.source.length}]\n`, [inLines(data.source), inLines(data.target)]);
  }
  const { labels, shape } = data;
  const images = isInMemory(data) ? data.images : listing(data.images);
  const dtype = isInMemory(data) ? (images instanceof Float32Array ? "float32" : "uint8") : "files";
  return ofParts(`${dtype} [${[labels.length, ...shape].join(",")}]\n`, [images, labels]);
}

async function ofParts(header: string, data: readonly (Uint8Array | Float32Array | Int32Array)[]): Promise<string> {
  const parts = [new TextEncoder().encode(header), ...(await Promise.all(data.map(sha256)))];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return Array.from(await sha256(whole), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function inLines(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}

function listing({ paths, sizes }: ImageFiles): Uint8Array {
  return inLines(paths.map((path, row) => `${sizes[row]} ${path}`));
}

async function sha256(data: Uint8Array | Float32Array | Int32Array): Promise<Uint8Array> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new NormwiseError("fingerprint: expected Web Crypto, got none; serve the page by HTTPS or from localhost");
  }
  const own = data.buffer instanceof ArrayBuffer ? data : data.slice(); // Web Crypto refuses shared memory
  return new Uint8Array(await subtle.digest("SHA-256", own as Uint8Array<ArrayBuffer>));
}
