import { parseStoredHeader } from "../../io/safetensors-header.js";
import { decodeFloats, isFloatType, notFloating } from "../weights/decode-floats.js";
import type { StoredWeight, WeightsFile } from "../weights/stored-weight.js";
import type { ByteRanges } from "./byte-ranges.js";

/** The largest header, in bytes, that the format allows. */
const largestHeader = 100_000_000;

/** How long the header of a safetensors file is, by its first nine bytes; undefined if they are not such a file's. */
export function safetensorsHeaderLength(start: Uint8Array, size: number): number | undefined {
  if (start.length < 9 || start[8] !== 0x7b) return undefined; // "{"
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  return length <= BigInt(Math.min(size - 8, largestHeader)) ? Number(length) : undefined;
}

/**
 * The tensors of a safetensors file: the header is read now, the elements when asked for.
 * @throws DataError naming what is wrong with the header.
 */
export async function readSafetensorsRanges(file: ByteRanges, headerLength: number): Promise<WeightsFile> {
  const { path, size } = file;
  const dataStart = 8 + headerLength;
  const { entries, metadata } = parseStoredHeader(await file.read(8, dataStart), size - dataStart, path);
  const weights = entries.map(({ name, type, shape, begin, end }): [string, StoredWeight] => {
    const floating = isFloatType(type);
    const where = `${path}: tensor ${JSON.stringify(name)}`;
    return [
      name,
      {
        name,
        type,
        shape,
        floating,
        async read() {
          if (!floating) throw notFloating(where, type);
          return decodeFloats(type, shape, await file.read(dataStart + begin, dataStart + end), where);
        },
      },
    ];
  });
  return { path, format: "safetensors", weights: new Map(weights), metadata };
}
