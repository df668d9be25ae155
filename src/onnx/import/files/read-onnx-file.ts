import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError, expectation } from "../../../core/index.js";
import type { OnnxFile } from "../onnx-file.js";
import { readOnnx } from "../read-onnx.js";
import { externalFiles } from "./external-files.js";

/**
 * {@link readOnnx} for a file on disk. Weights that it keeps in files beside it are read by ranges, when they are asked
 * for; such a file may not lie outside the model's folder.
 *
 * @throws DataError if the file, or one that it names, is missing, short, or not what it should be.
 * @example
 * const file = await readOnnxFile("models/resnet50.onnx");
 */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new DataError(expectation(path, "an .onnx file", (cause as Error).message, "check the path"), { cause });
  }
  return readOnnx(bytes, { where: path, external: externalFiles(path, dirname(path)) });
}
