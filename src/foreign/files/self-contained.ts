import { readFile } from "node:fs/promises";
import { DataError, expectation, sizeOf } from "../../core/index.js";
import { readOnnxFile } from "../../onnx/import/files/index.js";
import { editOnnx, inlineTensors } from "../../onnx/index.js";

/** What one message of protobuf can hold. */
const mostBytes = 2 ** 31 - 1;

/**
 * The bytes of an `.onnx` file with all that it keeps in files beside it.
 * @throws DataError if the file, or one that it names, cannot be read, or the whole is 2 GiB or more.
 */
export async function selfContainedModel(path: string): Promise<Uint8Array> {
  const { initializers } = await readOnnxFile(path);
  const bytes = new Uint8Array(await readFile(path)); // a copy that is no Buffer, made at once
  const elements = [...initializers.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (4 * elements > mostBytes) {
    throw new DataError(expectation(path, "a model of less than 2 GiB", `${elements} numbers`, "train a smaller one"));
  }
  return editOnnx(
    bytes,
    inlineTensors((name) => initializers.get(name)?.read()),
  );
}
