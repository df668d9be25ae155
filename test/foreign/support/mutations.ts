import type { RandomStream } from "../../../src/core/index.js";

/** A change to a file's bytes, drawn at random. */
export type Mutation = (bytes: Buffer, random: RandomStream) => Buffer;

const below = (random: RandomStream, limit: number): number => Math.floor(random.uniform() * limit);

const pick = <T>(random: RandomStream, items: readonly T[]): T => items[below(random, items.length)]!;

const splice = (bytes: Buffer, from: number, to: number, inside: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), inside, bytes.subarray(to)]);

/** Changes of bytes that know nothing of the format. */
export const blindMutations: readonly Mutation[] = [
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let i = 0; i <= below(random, 8); i++) changed[below(random, changed.length)]! ^= 1 << below(random, 8);
    return changed;
  },
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let i = 0; i <= below(random, 4); i++)
      changed[below(random, changed.length)] = pick(random, [0, 255, 127, 128]);
    return changed;
  },
  (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  (bytes, random) => {
    const at = below(random, bytes.length);
    return splice(bytes, at, at, Buffer.from(Array.from({ length: 1 + below(random, 20) }, () => below(random, 256))));
  },
  (bytes, random) => {
    const at = below(random, bytes.length);
    return splice(bytes, at, at + 1 + below(random, 40), Buffer.alloc(0));
  },
  (bytes, random) => {
    const [from, at] = [below(random, bytes.length), below(random, bytes.length)];
    return splice(bytes, at, at, bytes.subarray(from, from + 1 + below(random, 400)));
  },
];

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** A number of a protobuf message: a varint field, or the length of one. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly value: bigint;
}

/** All numbers of a protobuf message and, where its fields can be messages, of those. */
function numbersOf(bytes: Buffer, start = 0, end = bytes.length, depth = 0): Place[] | undefined {
  const found: Place[] = [];
  for (let at = start; at < end; ) {
    const key = readVarint(bytes, at, end);
    if (key === undefined || key.value >> 3n === 0n) return undefined;
    at = key.to;
    const kind = Number(key.value & 7n);
    if (kind === 5 || kind === 1) at += kind === 5 ? 4 : 8;
    else if (kind === 0 || kind === 2) {
      const number = readVarint(bytes, at, end);
      if (number === undefined) return undefined;
      found.push(number);
      at = number.to;
      if (kind === 2) {
        const last = at + Number(number.value);
        if (depth < 8) found.push(...(numbersOf(bytes, at, last, depth + 1) ?? []));
        at = last;
      }
    } else return undefined;
    if (at > end) return undefined;
  }
  return found;
}

function readVarint(bytes: Buffer, from: number, end: number): Place | undefined {
  let value = 0n;
  for (let at = from; at < end && at < from + 10; at++) {
    value |= BigInt(bytes[at]! & 127) << BigInt(7 * (at - from));
    if (bytes[at]! < 128) return { from, to: at + 1, value };
  }
  return undefined;
}

const wide: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 64n, 255n, 65_536n, 1_000_003n],
  ...[2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 62n, 2n ** 63n, -1n, -2n],
];

/** Changes of the numbers of a protobuf message: sizes of axes, types, lengths, versions, attributes. */
export const protobufMutations: readonly Mutation[] = [
  ...blindMutations,
  (bytes, random) => {
    const { from, to } = pick(random, numbersOf(bytes)!);
    return splice(bytes, from, to, varint(pick(random, wide)));
  },
  (bytes, random) => {
    const { from, to, value } = pick(random, numbersOf(bytes)!);
    return splice(bytes, from, to, varint(value + BigInt(below(random, 5) - 2)));
  },
  (bytes, random) => {
    const { from, to } = pick(random, numbersOf(bytes)!);
    return splice(bytes, from, to, Buffer.alloc(1 + below(random, 12), 0xff)); // a varint that does not end in time
  },
];

const jsonNumbers = [
  "0",
  "1",
  "-1",
  "3",
  "1e3",
  "65536",
  "4294967296",
  "9007199254740993",
  "1e308",
  "-0",
  "1.5",
  "null",
  '"7"',
  "[]",
];

/** Changes of a safetensors header, its length kept right. */
function headerEdit(edit: (text: string, random: RandomStream) => string): Mutation {
  return (bytes, random) => {
    const length = Number(bytes.readBigUInt64LE(0));
    const text = Buffer.from(edit(bytes.subarray(8, 8 + length).toString(), random));
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([start, text, bytes.subarray(8 + length)]);
  };
}

/** Replaces one of the places where a pattern is found. */
function replaceOne(text: string, pattern: RegExp, random: RandomStream, by: (found: string) => string): string {
  const places = [...text.matchAll(pattern)];
  if (places.length === 0) return text;
  const { 0: found, index } = pick(random, places);
  return text.slice(0, index) + by(found) + text.slice(index + found.length);
}

const types = [
  "F64",
  "F32",
  "F16",
  "BF16",
  "F8_E4M3",
  "F8_E5M2",
  "I64",
  "U8",
  "BOOL",
  "F4",
  "f32",
  "",
  "constructor",
  "__proto__",
];

export const safetensorsMutations: readonly Mutation[] = [
  ...blindMutations,
  headerEdit((text, random) => replaceOne(text, /-?\d+(?=[,\]])/g, random, () => pick(random, jsonNumbers))),
  headerEdit((text, random) =>
    replaceOne(text, /\d+(?=[,\]])/g, random, (found) => String(Number(found) + below(random, 9) - 4)),
  ),
  headerEdit((text, random) => replaceOne(text, /"(F|I|B|U)\w+"/g, random, () => JSON.stringify(pick(random, types)))),
  headerEdit((text, random) =>
    replaceOne(text, /"[^"]+"(?=: ?[{["])/g, random, () => JSON.stringify(pick(random, [...types, "shape"]))),
  ),
  headerEdit((text, random) =>
    replaceOne(text, /"[^"]+": ?\{[^{}]*\},?/g, random, (found) => pick(random, ["", found + found])),
  ),
  headerEdit((text, random) =>
    replaceOne(text, /[{}[\]",:]/g, random, () =>
      pick(random, ["", "{", "}", "[", "]", '"', ",", ":", "\\", "\u0000"]),
    ),
  ),
  headerEdit((text) => text.replace("{", `{"deep":${"[".repeat(20_000)}${"]".repeat(20_000)},`)),
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    changed.writeBigUInt64LE(BigInt.asUintN(64, pick(random, wide)), 0);
    return changed;
  },
];
