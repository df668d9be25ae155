import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrayTypes, DataError, type DType, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/io/index.js";

/** A file of the given header text and number of data bytes. */
function file(header: string, dataLength = 0, headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

/** Shape, dtype and raw bytes: NaN payloads and −0 count. */
function raw(tensors: Readonly<Record<string, Tensor>>): unknown {
  return Object.entries(tensors)
    .map(([name, { dtype, shape, data }]) => [
      name,
      dtype,
      [...shape],
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
    ])
    .sort();
}

const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(arrayTypes) as DType[])),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    seed: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  })
  .map(({ dtype, shape, seed }) => {
    const bytes = new Uint8Array(sizeOf(shape) * arrayTypes[dtype].BYTES_PER_ELEMENT);
    bytes.forEach((_, i) => {
      bytes[i] = dtype === "bool" ? seed[i % 64]! & 1 : seed[(i * 7) % 64]! ^ i;
    });
    return { dtype, shape, data: new arrayTypes[dtype](bytes.buffer) };
  });
const anyFile = fc.record({
  tensors: fc.dictionary(fc.string({ unit: "grapheme" }), anyTensor, { maxKeys: 5 }),
  metadata: fc.dictionary(fc.string(), fc.string({ unit: "grapheme" }), { maxKeys: 3 }),
});

describe("round trip", () => {
  test("any tensors and metadata come back bit for bit", () => {
    fc.assert(
      fc.property(anyFile, ({ tensors, metadata }) => {
        const decoded = decodeSafetensors(encodeSafetensors(tensors, metadata));
        expect(raw(decoded.tensors)).toEqual(raw(tensors));
        expect(Object.entries(decoded.metadata).sort()).toEqual(Object.entries(metadata).sort());
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("names that JavaScript objects treat specially are ordinary names", () => {
    const names = ["__proto__", "constructor", "toString", "7", "", '"\\\u0000', "\ud800"];
    const tensors = Object.fromEntries(names.map((name, i) => [name, tensor([i])]));
    expect(raw(decodeSafetensors(encodeSafetensors(tensors)).tensors)).toEqual(raw(tensors));
  });

  test("the order of the tensors does not change the bytes, and every tensor is aligned", () => {
    const a = tensor([1], [1], "uint8");
    const b = tensor([1, 2, 3], [3], "float16");
    const c = tensor([1], [], "float64");
    const bytes = encodeSafetensors({ a, b, c });
    expect(encodeSafetensors({ c, b, a })).toEqual(bytes);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header.c.data_offsets).toEqual([0, 8]);
    expect(header.b.data_offsets).toEqual([8, 14]);
    expect(header.a.data_offsets).toEqual([14, 15]);
  });

  test("bytes at any offset of a buffer are read, and the tensors do not share them", () => {
    const bytes = encodeSafetensors({ w: tensor([1, 2, 3]) });
    for (const memory of [new Uint8Array(bytes.length + 3), Buffer.alloc(bytes.length + 3)]) {
      const shifted = memory.subarray(3);
      shifted.set(bytes);
      const { w } = decodeSafetensors(shifted).tensors;
      shifted.fill(0);
      expect([...w!.data]).toEqual([1, 2, 3]);
    }
  });
});

test("reads a file of the reference implementation, and writes one that says the same", () => {
  const bytes = readFileSync(new URL("../goldens/io/all-dtypes.safetensors", import.meta.url));
  const wanted: Record<string, Tensor> = {
    f64: tensor([1.5, -2.25, Math.PI, 5e-324], [2, 2], "float64"),
    f32: tensor([0.1, -0, Number.POSITIVE_INFINITY]),
    f16: tensor([0x3c00, 0x4100, 0x7bff], [3], "float16"),
    bf16: tensor([0x3f80, 0xc0a0], [2], "bfloat16"),
    i64: tensor(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), [2], "int64"),
    i32: tensor([-7, 2 ** 31 - 1], [2, 1], "int32"),
    u8: tensor([0, 255, 7], [3], "uint8"),
    bool: tensor([1, 0, 1], [3], "bool"),
    scalar: tensor([3.5], []),
    empty: tensor([], [0, 3]),
    "größe/✓": tensor([42]),
  };
  const metadata = { "made by": "safetensors 0.8.0", quote: '"\\ü' };
  const decoded = decodeSafetensors(bytes);
  expect(raw(decoded.tensors)).toEqual(raw(wanted));
  expect(decoded.metadata).toEqual(metadata);
  expect(raw(decodeSafetensors(encodeSafetensors(wanted, metadata)).tensors)).toEqual(raw(wanted));
});

describe("what is not a valid file is refused, by name and value", () => {
  const entry = (dtype: string, shape: string, begin: number, end: number) =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
  const w = entry("F32", "[2]", 0, 8);
  const cases: [string, Uint8Array, RegExp][] = [
    ["no bytes", new Uint8Array(), /at least 8 bytes, got 0/],
    ["a header longer than the file", file("{}", 0, 3n), /within the file's 10 bytes, got 3/],
    ["an absurd header length", file("{}", 0, 2n ** 64n - 1n), /got 18446744073709551615/],
    ["an empty header", file(""), /UTF-8 JSON/],
    ["not JSON", file("{'w':1}"), /UTF-8 JSON/],
    ["not UTF-8", file("{}").map((byte, i) => (i === 9 ? 0xff : byte)), /UTF-8 JSON/],
    ["not an object", file("[]"), /begins with "\{", got \[\]/],
    ["white space in front", file(" {}"), /begins with "\{"/],
    ["a name twice", file(`{"w":${w},"w":${w}}`, 8), /"w" twice/],
    ["a name twice, once escaped", file(`{"w":${w},"\\u0077":${w}}`, 8), /"w" twice/],
    ["a key of an entry twice", file(`{"w":{"dtype":"F32","dtype":"F32","shape":[]}}`), /"dtype" twice/],
    ["metadata that is no object", file('{"__metadata__":[]}'), /object of strings, got \[\]/],
    ["metadata that is null", file('{"__metadata__":null}'), /object of strings, got null/],
    ["metadata that is no string", file('{"__metadata__":{"step":7}}'), /\["step"\]: expected a string, got 7/],
    ["an entry that is no object", file('{"w":3}'), /tensor "w": expected Object, got 3/],
    ["a missing shape", file('{"w":{"dtype":"F32","data_offsets":[0,4]}}', 4), /tensor "w": shape/],
    ["an unknown key", file(`{"w":${w.replace("{", '{"strides":1,')}}`, 8), /tensor "w": strides/],
    [
      "a dtype that we lack",
      file(`{"w":${entry("F8_E4M3", "[8]", 0, 8)}}`, 8),
      /tensor "w": .* F64, .*BOOL, got F8_E4M3/,
    ],
    ["a negative size", file(`{"w":${entry("F32", "[-2]", 0, 8)}}`, 8), /shape\.0: expected >=0, got -2/],
    ["a fraction of a size", file(`{"w":${entry("F32", "[2.5]", 0, 10)}}`, 10), /shape\.0: .*got 2\.5/],
    ["a size beyond exact integers", file(`{"w":${entry("F32", "[9007199254740992]", 0, 8)}}`, 8), /shape\.0/],
    ["a product of sizes beyond", file(`{"w":${entry("U8", "[4294967296,4294967296]", 0, 8)}}`, 8), /tensor "w"/],
    [
      "offsets that fit no shape",
      file(`{"w":${entry("F32", "[3]", 0, 8)}}`, 8),
      /12 bytes for F32\[3\], got data_offsets \[0, 8\]/,
    ],
    ["offsets the wrong way", file(`{"w":${entry("F32", "[2]", 8, 0)}}`, 8), /data_offsets \[8, 0\]/],
    ["three offsets", file(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}`, 1), /tensor "w"/],
    ["data past the end", file(`{"w":${w}}`, 7), /within the 7 bytes of data, got 8/],
    ["data after the end", file(`{"w":${w}}`, 9), /8 bytes of data, where "w" ends, got 9/],
    [
      "an overlap",
      file(`{"w":${w},"v":${entry("F32", "[2]", 4, 12)}}`, 12),
      /"v": .*begin at 8, where "w" ends, got 4/,
    ],
    ["a hole", file(`{"w":${w},"v":${entry("F32", "[1]", 12, 16)}}`, 16), /"v": .*begin at 8, where "w" ends, got 12/],
    ["a hole in front", file(`{"w":${entry("F32", "[1]", 4, 8)}}`, 8), /begin at 0, where the header ends, got 4/],
    [
      "a bool of 2",
      file(`{"w":${entry("BOOL", "[1]", 0, 1)}}`, 1).map((byte, i, all) => (i === all.length - 1 ? 2 : byte)),
      /0 or 1, got 2/,
    ],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    const read = () => decodeSafetensors(bytes, "last.safetensors");
    expect(read).toThrow(DataError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^last\.safetensors/);
  });

  test("a file cut short anywhere, or with a byte too many", () => {
    const bytes = encodeSafetensors({ w: tensor([1, 2, 3]), b: tensor([1], [1], "bool") }, { step: "7" });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length)), `${length}`).toThrow(DataError);
    }
    expect(() => decodeSafetensors(new Uint8Array([...bytes, 0]))).toThrow(DataError);
  });

  test("a changed file gives an error, or tensors that are consistent and say the same when written again", () => {
    let refused = 0;
    let read = 0;
    const position = fc.nat(2 ** 20);
    const edit = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), at: position, byte: fc.nat(255) }),
      fc.record({ kind: fc.constant("remove" as const), at: position, byte: fc.nat(9) }),
      fc.record({
        kind: fc.constant("insert" as const),
        at: position,
        byte: fc.constantFrom(...Buffer.from('0129-.e"{}[],:\\ ')),
      }),
    );
    fc.assert(
      fc.property(anyFile, fc.array(edit, { minLength: 1, maxLength: 3 }), fc.boolean(), (content, edits, inHeader) => {
        const bytes = [...encodeSafetensors(content.tensors, content.metadata)];
        const headerEnd = 8 + Number(new DataView(Uint8Array.from(bytes).buffer).getBigUint64(0, true));
        for (const { kind, at, byte } of edits) {
          const place = at % (inHeader ? headerEnd : bytes.length);
          if (kind === "set") bytes[place] = byte;
          else if (kind === "remove") bytes.splice(place, byte);
          else {
            bytes.splice(place, 0, byte);
            if (place >= 8 && place < headerEnd) bytes[0] = (bytes[0]! + 1) % 256; // keep most insertions readable
          }
        }
        let decoded: ReturnType<typeof decodeSafetensors>;
        try {
          decoded = decodeSafetensors(Uint8Array.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          refused++;
          return;
        }
        read++;
        // encodeSafetensors checks that data fits dtype and shape.
        const again = decodeSafetensors(encodeSafetensors(decoded.tensors, decoded.metadata));
        expect(raw(again.tensors)).toEqual(raw(decoded.tensors));
        const size = Object.values(decoded.tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
        const length = Number(new DataView(Uint8Array.from(bytes).buffer).getBigUint64(0, true));
        expect(8 + length + size).toBe(bytes.length);
      }),
      { seed: 2, numRuns: 3000 },
    );
    // Both outcomes must really occur.
    expect(refused).toBeGreaterThan(500);
    expect(read).toBeGreaterThan(100);
  });
});

test("encoding refuses what could not be read back", () => {
  expect(() => encodeSafetensors({ __metadata__: tensor([1]) })).toThrow(/reserved/);
  expect(() => encodeSafetensors({ w: { dtype: "float32", shape: [3], data: Float32Array.of(1) } })).toThrow(
    /"w": expected 3 elements for shape \[3\], got 1/,
  );
  expect(() => encodeSafetensors({ w: { dtype: "float32", shape: [1], data: Float64Array.of(1) } })).toThrow(
    /"w": expected Float32Array for float32, got Float64Array/,
  );
  expect(() => encodeSafetensors({}, { step: 7 as unknown as string })).toThrow(
    /metadata "step": expected a string, got 7/,
  );
});
