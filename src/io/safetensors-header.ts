import * as v from "valibot";
import { DataError, type DType, expectation, sizeOf } from "../core/index.js";
import { duplicateKey } from "./json-keys.js";

/** The format's name of each dtype. */
export const safetensorsTypes = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  uint8: "U8",
  bool: "BOOL",
} as const satisfies Record<DType, string>;

/** Bytes of an element of each type that the format knows, those that Normwise does not compute with among them. */
export const safetensorsSizes: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

/** The header's key that holds the metadata instead of a tensor. */
export const metadataKey = "__metadata__";

/** Where a tensor lies in the data part of a file. */
export interface StoredEntry {
  readonly name: string;
  /** As the format calls it, such as `BF16`. */
  readonly type: string;
  readonly shape: readonly number[];
  /** First byte, and the byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/** A tensor of a dtype that Normwise has. */
export interface TensorEntry extends StoredEntry {
  readonly dtype: DType;
}

/** What the header of a safetensors file says. */
export interface SafetensorsHeader<E extends StoredEntry = TensorEntry> {
  /** In the order in which they lie in the file. */
  readonly entries: readonly E[];
  readonly metadata: Readonly<Record<string, string>>;
}

const dtypes = new Map(Object.entries(safetensorsTypes).map(([dtype, name]) => [name as string, dtype as DType]));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.strictObject({
  dtype: v.pipe(v.string(), v.regex(/^[A-Z][A-Z0-9_]*$/)),
  shape: v.array(count),
  data_offsets: v.strictTuple([count, count]),
});

/**
 * Reads and checks a header of tensors that Normwise can compute with; see {@link parseStoredHeader}.
 * @throws DataError also for a dtype that Normwise lacks.
 */
export function parseSafetensorsHeader(header: Uint8Array, dataLength: number, where: string): SafetensorsHeader {
  const { entries, metadata } = parseStoredHeader(header, dataLength, where);
  const known = entries.map((entry): TensorEntry => {
    const dtype = dtypes.get(entry.type);
    if (dtype !== undefined) return { ...entry, dtype };
    const expected = `a dtype among ${[...dtypes.keys()].join(", ")}`;
    throw new DataError(expectation(`${where}: tensor ${JSON.stringify(entry.name)}`, expected, entry.type));
  });
  return { entries: known, metadata };
}

/**
 * Reads and checks a header against the length of the data that follows it: every tensor's bytes fit its shape, and
 * together they cover the data exactly, without overlap or hole. Types that the format did not know when this was written
 * are let through, their bytes uncounted.
 * @throws DataError naming the tensor and quoting the value that is wrong.
 */
export function parseStoredHeader(
  header: Uint8Array,
  dataLength: number,
  where: string,
): SafetensorsHeader<StoredEntry> {
  const object = parseObject(header, where);
  const metadata = checkMetadata(object[metadataKey], where);
  const entries = Object.entries(object)
    .filter(([name]) => name !== metadataKey)
    .map(([name, value]) => checkEntry(name, value, `${where}: tensor ${JSON.stringify(name)}`))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCover(entries, dataLength, where);
  return { entries, metadata };
}

function parseObject(header: Uint8Array, where: string): Record<string, unknown> {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new DataError(expectation(where, "a header of UTF-8 JSON", String(cause), "not a whole safetensors file"), {
      cause,
    });
  }
  // The format asks for "{" as the very first byte; JSON.parse alone would allow white space before it.
  if (!text.startsWith("{"))
    throw new DataError(expectation(where, 'a header that begins with "{"', text.slice(0, 20)));
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new DataError(expectation(where, "each key of the header once", `${JSON.stringify(twice)} twice`));
  }
  return parsed as Record<string, unknown>;
}

function checkMetadata(metadata: unknown, where: string): Record<string, string> {
  if (metadata === undefined) return {};
  const isMap = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isMap) throw new DataError(expectation(`${where}: ${metadataKey}`, "an object of strings", metadata));
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new DataError(expectation(`${where}: ${metadataKey}[${JSON.stringify(key)}]`, "a string", value));
    }
  }
  return metadata as Record<string, string>;
}

function checkEntry(name: string, value: unknown, where: string): StoredEntry {
  const parsed = v.safeParse(entrySchema, value);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const place = v.getDotPath(issue);
    throw new DataError(expectation(place ? `${where}: ${place}` : where, `${issue.expected}`, issue.received));
  }
  const { dtype: type } = parsed.output;
  const shape = parsed.output.shape.map((size) => size + 0); // "-0" is a JSON number
  const [begin, end] = parsed.output.data_offsets;
  const bytes = Object.hasOwn(safetensorsSizes, type) ? sizeOf(shape) * safetensorsSizes[type]! : end - begin;
  if (end - begin !== bytes || !(bytes >= 0) || !Number.isSafeInteger(bytes)) {
    throw new DataError(expectation(where, `${bytes} bytes for ${type}[${shape}]`, `data_offsets [${begin}, ${end}]`));
  }
  return { name, type, shape, begin, end };
}

function checkCover(entries: readonly StoredEntry[], dataLength: number, where: string): void {
  let end = 0;
  let before = "the header";
  for (const entry of entries) {
    const name = JSON.stringify(entry.name);
    if (entry.begin !== end) {
      const expected = `data_offsets that begin at ${end}, where ${before} ends`;
      throw new DataError(
        expectation(`${where}: tensor ${name}`, expected, entry.begin, "tensors overlap or leave a hole"),
      );
    }
    if (entry.end > dataLength) {
      const expected = `data_offsets within the ${dataLength} bytes of data`;
      throw new DataError(expectation(`${where}: tensor ${name}`, expected, entry.end, "the file is cut short"));
    }
    end = entry.end;
    before = name;
  }
  if (end !== dataLength) {
    throw new DataError(expectation(where, `${end} bytes of data, where ${before} ends`, dataLength));
  }
}
