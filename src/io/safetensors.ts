import {
  arrayTypes,
  bytesPerElement,
  DataError,
  type DType,
  expectation,
  InvalidArgumentError,
  sizeOf,
  type Tensor,
} from "../core/index.js";
import { metadataKey, parseSafetensorsHeader, safetensorsTypes, type TensorEntry } from "./safetensors-header.js";

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: Record<string, Tensor>;
  /** Free text by key; empty if the file has none. */
  readonly metadata: Record<string, string>;
}

/**
 * Tensors as the bytes of a safetensors file: the header's length (8 bytes, little-endian), a JSON header, the elements.
 *
 * Larger elements come first, then names in order, and the header is padded to 8 bytes, so that every tensor is aligned
 * and the same tensors give the same bytes.
 * @throws InvalidArgumentError if a tensor's data fits neither its dtype nor its shape, or the name is `__metadata__`.
 * @see https://huggingface.co/docs/safetensors (format)
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = Object.entries(tensors).sort(
    ([a, { dtype: aType }], [b, { dtype: bType }]) =>
      bytesPerElement(bType) - bytesPerElement(aType) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const header: [string, object][] = [];
  if (Object.keys(metadata).length > 0) header.push([metadataKey, checkedMetadata(metadata)]);
  let end = 0;
  for (const [name, tensor] of sorted) {
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    header.push([name, { dtype: safetensorsTypes[tensor.dtype], shape: tensor.shape, data_offsets: [begin, end] }]);
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const dataStart = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(dataStart + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  bytes.fill(0x20, 8, dataStart); // the format pads the header with spaces
  bytes.set(json, 8);
  let offset = dataStart;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file. Every tensor gets memory of its own, so the bytes may be reused and need no alignment.
 * @param where Names the file in error messages.
 * @throws DataError if the bytes are not exactly one valid file, or hold a dtype that Normwise lacks.
 */
export function decodeSafetensors(bytes: Uint8Array, where = "safetensors"): Safetensors {
  if (bytes.length < 8) {
    throw new DataError(expectation(where, "at least 8 bytes", bytes.length, "the file is cut short"));
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) {
    const expected = `a header length within the file's ${bytes.length} bytes`;
    throw new DataError(expectation(where, expected, length, "the file is cut short, or is not a safetensors file"));
  }
  const dataStart = 8 + Number(length);
  const { entries, metadata } = parseSafetensorsHeader(bytes.subarray(8, dataStart), bytes.length - dataStart, where);
  const data = bytes.subarray(dataStart);
  const tensors = Object.fromEntries(entries.map((entry) => [entry.name, readTensor(entry, data, where)]));
  return { tensors, metadata: { ...metadata } };
}

function readTensor({ name, dtype, shape, begin, end }: TensorEntry, data: Uint8Array, where: string): Tensor {
  const own = new Uint8Array(data.subarray(begin, end)); // not slice: Node's Buffer would share its memory
  const wrong = dtype === "bool" ? own.find((byte) => byte > 1) : undefined;
  if (wrong !== undefined) {
    throw new DataError(expectation(`${where}: tensor ${JSON.stringify(name)}`, "BOOL bytes of 0 or 1", wrong));
  }
  return { dtype, shape, data: new arrayTypes[dtype](own.buffer) };
}

function checkTensor(name: string, { dtype, shape, data }: Tensor<DType>): void {
  const where = `encodeSafetensors: tensor ${JSON.stringify(name)}`;
  if (name === metadataKey) throw new InvalidArgumentError(expectation(where, "another name", name, "it is reserved"));
  if (!(data instanceof arrayTypes[dtype])) {
    throw new InvalidArgumentError(expectation(where, `${arrayTypes[dtype].name} for ${dtype}`, data.constructor.name));
  }
  if (data.length !== sizeOf(shape)) {
    throw new InvalidArgumentError(expectation(where, `${sizeOf(shape)} elements for shape [${shape}]`, data.length));
  }
}

function checkedMetadata(metadata: Readonly<Record<string, string>>): object {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new InvalidArgumentError(
        expectation(`encodeSafetensors: metadata ${JSON.stringify(key)}`, "a string", value),
      );
    }
  }
  return metadata;
}
