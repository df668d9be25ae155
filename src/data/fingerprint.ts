import { NormwiseError } from "../core/index.js";
import { type ImageDataset, type ImageFiles, isInMemory } from "./dataset.js";

/**
 * A SHA-256, in hexadecimal, of what training sees of a dataset: element type, shape, images and labels, but not its
 * names. Computed as SHA-256(header ‖ SHA-256(images) ‖ SHA-256(labels)), little-endian, by Web Crypto. Of images in
 * files, paths and sizes stand for the pixels: lines of `SIZE PATH`.
 *
 * @throws NormwiseError where Web Crypto is missing: in a web page that came neither by HTTPS nor from localhost.
 */
export async function fingerprint(dataset: ImageDataset): Promise<string> {
  const { labels, shape } = dataset;
  const images = isInMemory(dataset) ? dataset.images : listing(dataset.images);
  const dtype = isInMemory(dataset) ? (images instanceof Float32Array ? "float32" : "uint8") : "files";
  const header = new TextEncoder().encode(`${dtype} [${[labels.length, ...shape].join(",")}]\n`);
  const parts = [header, await sha256(images), await sha256(labels)];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return Array.from(await sha256(whole), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function listing({ paths, sizes }: ImageFiles): Uint8Array {
  return new TextEncoder().encode(paths.map((path, row) => `${sizes[row]} ${path}\n`).join(""));
}

async function sha256(data: Uint8Array | Float32Array | Int32Array): Promise<Uint8Array> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new NormwiseError("fingerprint: expected Web Crypto, got none; serve the page by HTTPS or from localhost");
  }
  const own = data.buffer instanceof ArrayBuffer ? data : data.slice(); // Web Crypto refuses shared memory
  return new Uint8Array(await subtle.digest("SHA-256", own as Uint8Array<ArrayBuffer>));
}
