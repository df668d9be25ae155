import { tableFromIPC } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/core/index.js";
import { decodeNormSegment, encodeNormSegment, type NormRow } from "../../src/io/index.js";

const bits = (values: Float32Array) => [...new Uint32Array(values.slice().buffer)];
const rows: NormRow[] = [
  { layer: "features.0", step: 0, norm: Float32Array.of(1, 2.5, -0), rotation: Float32Array.of(0, 1e-45, 3) },
  {
    layer: "größe",
    step: 0,
    norm: new Float32Array(Uint32Array.of(0x7fc12345, 0x7f800000).buffer),
    rotation: Float32Array.of(1, 2),
  },
  { layer: "features.0", step: 4, norm: Float32Array.of(0.1, 0.2, 0.3), rotation: Float32Array.of(4, 5, 6) },
  { layer: "empty", step: 2 ** 32 - 1, norm: new Float32Array(), rotation: new Float32Array() },
];

describe("norm segment", () => {
  test("comes back bit for bit, NaN payloads and subnormals included", () => {
    const read = decodeNormSegment(encodeNormSegment(rows));
    expect(read.map(({ layer, step }) => [layer, step])).toEqual(rows.map(({ layer, step }) => [layer, step]));
    read.forEach(({ norm, rotation }, i) => {
      expect(bits(norm)).toEqual(bits(rows[i]!.norm));
      expect(bits(rotation)).toEqual(bits(rows[i]!.rotation));
    });
  });

  test("bytes at any offset of a buffer are read", () => {
    const bytes = encodeNormSegment(rows);
    for (const offset of [1, 2, 4, 7]) {
      const shifted = Buffer.alloc(bytes.length + offset).subarray(offset);
      shifted.set(bytes);
      expect(decodeNormSegment(shifted).map(({ norm }) => bits(norm))).toEqual(rows.map(({ norm }) => bits(norm)));
    }
  });

  test("is an Arrow file with the documented columns, and equal rows give equal bytes", () => {
    const bytes = encodeNormSegment(rows);
    expect(encodeNormSegment(rows)).toEqual(bytes);
    expect(tableFromIPC(bytes).schema.fields.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      "layer: Dictionary<Int32, Utf8>",
      "step: Uint32",
      "norm: List<Float32>",
      "rotation: List<Float32>",
    ]);
  });

  test("gradients are a fifth column, in all rows or in none", () => {
    const measured = rows.map((row) => ({ ...row, gradient: row.norm.map((_, i) => i + 0.5) }));
    const bytes = encodeNormSegment(measured);
    expect(
      tableFromIPC(bytes)
        .schema.fields.map(({ name }) => name)
        .at(-1),
    ).toBe("gradient");
    const read = decodeNormSegment(bytes);
    read.forEach(({ gradient }, i) => {
      expect(bits(gradient!)).toEqual(bits(measured[i]!.gradient));
    });
    expect(decodeNormSegment(encodeNormSegment([measured[0]!, rows[1]!]))[0]!.gradient).toBeUndefined();
    const short = { ...measured[0]!, gradient: new Float32Array(1) };
    expect(() => decodeNormSegment(encodeNormSegment([short]))).toThrow("row 0: expected 3 gradients, got 1");
  });

  test("cut short anywhere it is refused", () => {
    const bytes = encodeNormSegment(rows);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeNormSegment(bytes.subarray(0, length), "norms-00000000.arrow"), `${length}`).toThrow(
        DataError,
      );
    }
  });

  test("steps out of order are refused", () => {
    const wrong = [rows[2]!, rows[0]!];
    expect(() => decodeNormSegment(encodeNormSegment(wrong), "norms-00000003.arrow")).toThrow(
      /^norms-00000003\.arrow: row 1: expected a step of at least 4, got 0/,
    );
  });
});
