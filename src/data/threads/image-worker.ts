import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { DataError } from "../../core/index.js";
import { decodeImage } from "../files/decode-image.js";
import { fileError } from "../files/read-bytes.js";
import { viewOf } from "../images/view.js";
import type { ImageReply, ImageRequest } from "./image-threads.js";

function bytesOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw fileError(path, "a file that can be read", error);
  }
}

// Errors other than of data end the thread, and reach the caller as the worker's "error" event.
parentPort!.on("message", ({ id, path, view }: ImageRequest) => {
  try {
    const pixels = viewOf(decodeImage({ from: path, bytes: bytesOf(path) }), view);
    parentPort!.postMessage({ id, pixels } satisfies ImageReply, [pixels.buffer as ArrayBuffer]);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    parentPort!.postMessage({ id, problem: error.message } satisfies ImageReply);
  }
});
