import { statSync } from "node:fs";
import { DataError, expectation, isFloating } from "../../core/index.js";
import type { WeightTensor } from "../../dynamics/index.js";
import { fileError } from "../../io/files/file-error.js";
import { readOnnxFile } from "../../onnx/import/files/index.js";
import { notFloating } from "../weights/decode-floats.js";
import { floatTensor } from "../weights/float-tensor.js";
import type { StoredWeight, WeightsFile } from "../weights/stored-weight.js";
import { byteRanges } from "./byte-ranges.js";
import { readSafetensorsRanges, safetensorsHeaderLength } from "./safetensors-ranges.js";
import { joinedWeights, weightFilesOf } from "./shards.js";

/**
 * The tensors of a safetensors file, of a folder with its shards, or of an ONNX file's initializers. What kind of file it is
 * is told by its bytes, not by its name. Elements are read when asked for, so that a large file costs what is used of it.
 *
 * @throws DataError if it is neither, or damaged; for a file of `torch.save` the message says how to save safetensors.
 * @throws RunError if it cannot be read.
 */
export async function readWeights(path: string): Promise<WeightsFile> {
  if (isFolder(path)) {
    const files = await Promise.all(weightFilesOf(path).map(readWeights));
    return files.length === 1 ? files[0]! : joinedWeights(path, files);
  }
  const file = await byteRanges(path);
  const start = await file.read(0, Math.min(16, file.size));
  const headerLength = safetensorsHeaderLength(start, file.size);
  if (headerLength !== undefined) return readSafetensorsRanges(file, headerLength);
  refuseOthers(path, start);
  return readOnnxWeights(path);
}

/** All floating-point tensors of a file, by name; see {@link StoredWeight.read}. */
export async function readFloats({ weights }: WeightsFile): Promise<Record<string, WeightTensor>> {
  const tensors: Record<string, WeightTensor> = {};
  for (const { name, floating, read } of weights.values()) if (floating) tensors[name] = await read();
  return tensors;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw fileError(path, "read the file", cause);
  }
}

/** First bytes of files that people have in place of the two that are read. */
const others: readonly (readonly [start: readonly number[], what: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], "a zip, as torch.save writes"],
  [[0x80, 0x02], "a pickle, as torch.save writes"],
  [[0x80, 0x03], "a pickle"],
  [[0x80, 0x04], "a pickle"],
  [[0x80, 0x05], "a pickle"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file"],
  [[0x47, 0x47, 0x55, 0x46], "a GGUF file"],
];

const saveInstead =
  "a pickle can run any program, so it is not opened: save the weights in PyTorch with " +
  "safetensors.torch.save_file(model.state_dict(), path), or with the twelve lines of docs/trace.md where that is not installed";

function refuseOthers(path: string, start: Uint8Array): void {
  const found = others.find(([bytes]) => bytes.every((byte, i) => start[i] === byte))?.[1];
  if (found === undefined) return;
  const fix = /zip|pickle/.test(found) ? saveInstead : "convert it to safetensors";
  throw new DataError(expectation(path, "a safetensors or ONNX file", found, fix));
}

async function readOnnxWeights(path: string): Promise<WeightsFile> {
  const { initializers } = await readOnnxFile(path);
  const weights = [...initializers.values()].map(({ name, dtype, shape, read }): [string, StoredWeight] => {
    const floating = isFloating(dtype);
    return [
      name,
      {
        name,
        type: dtype,
        shape,
        floating,
        async read() {
          if (!floating) throw notFloating(`${path}: tensor ${JSON.stringify(name)}`, dtype);
          return floatTensor(read());
        },
      },
    ];
  });
  return { path, format: "onnx", weights: new Map(weights), metadata: {} };
}
