import { Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { heldTensors } from "../../src/runtime/node/held-tensors.js";

const of = (data: Float32Array): Tensor => new Tensor("float32", data, [data.length]);
/** Bytes that are left of an array's memory. */
const left = ({ buffer }: Float32Array): number => buffer.byteLength;

describe("heldTensors", () => {
  it("frees what it replaces at once, and nothing else", () => {
    const held = heldTensors();
    const [first, other, second] = [Float32Array.of(1, 2), Float32Array.of(3), Float32Array.of(4, 5)];
    held.replace([
      ["w", of(first)],
      ["v", of(other)],
    ]);
    held.replace([["w", of(second)]]);
    expect([first, other, second].map(left)).toEqual([0, 4, 8]);
    expect([...(held.get("w")!.data as Float32Array)]).toEqual([4, 5]);
    held.free();
    expect([other, second].map(left)).toEqual([0, 0]);
  });

  it("keeps memory that another tensor lies in, and frees it once", () => {
    const held = heldTensors();
    const both = Float32Array.of(1, 2, 3);
    const names = ["a", "b"] as const;
    held.replace(names.map((name) => [name, of(both)]));
    held.replace([["a", of(Float32Array.of(0))]]);
    expect([...(held.get("b")!.data as Float32Array)]).toEqual([1, 2, 3]);
    held.replace(names.map((name) => [name, of(Float32Array.of(7))]));
    expect(left(both)).toBe(0);
    held.replace([["a", held.get("a")!]]);
    expect(held.get("a")!.data[0]).toBe(7);
  });
});
