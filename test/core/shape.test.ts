import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arrayTypes,
  assertArgument,
  broadcastShapes,
  builtFile,
  bytesPerElement,
  type DType,
  expectation,
  InvalidArgumentError,
  isFloating,
  NonFiniteError,
  NormwiseError,
  normalizeAxes,
  normalizeAxis,
  numbersOf,
  ShapeError,
  sameShape,
  scalar,
  sizeOf,
  stridesOf,
  tensor,
  zeros,
} from "../../src/core/index.js";

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });

describe("shapes", () => {
  it("count elements", () => {
    expect([sizeOf([]), sizeOf([2, 3, 4]), sizeOf([3, 0])]).toEqual([1, 24, 0]);
  });

  it("are the same only if rank and sizes are", () => {
    expect([sameShape([2], [2]), sameShape([2], [2, 1]), sameShape([], [1]), sameShape([2, 3], [3, 2])]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("have row-major strides that number the elements in order", () => {
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
    fc.assert(
      fc.property(shapes, (shape) => {
        const strides = stridesOf(shape);
        const last = strides.reduce((sum, stride, axis) => sum + stride * (shape[axis]! - 1), 0);
        expect(last).toBe(sizeOf(shape) - 1);
      }),
    );
  });

  it("broadcast by NumPy's rule, in either order", () => {
    expect(broadcastShapes("test", [4, 1, 3], [2, 1])).toEqual([4, 2, 3]);
    fc.assert(
      fc.property(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (shape, ones) => {
        const shrunk = shape.map((size, axis) => (ones[axis] ? 1 : size));
        expect(broadcastShapes("test", shape, shrunk)).toEqual(shape);
        expect(broadcastShapes("test", shrunk.slice(1), shape)).toEqual(shape);
      }),
    );
  });

  it("that do not broadcast are an error that names both", () => {
    expect(() => broadcastShapes("add", [2, 3], [2])).toThrow(ShapeError);
    expect(() => broadcastShapes("add", [2, 3], [2])).toThrow(
      "add: expected shapes that broadcast (equal or 1 at axis 1), got [2,3] and [2]",
    );
  });

  it("number their axes from either end", () => {
    expect(normalizeAxes("test", [-1, 0], 3)).toEqual([0, 2]);
    expect(() => normalizeAxes("sum", [1, -2], 3)).toThrow("sum: expected each axis once, got [1,-2]");
    for (const bad of [3, -4, 0.5, Number.NaN]) {
      expect(() => normalizeAxis("sum", bad, 3)).toThrow(`sum: expected an axis in [-3, 3), got ${bad}`);
    }
  });
});

describe("tensors", () => {
  it("turn numbers into the array of the dtype", () => {
    expect(tensor([1, 2]).data).toEqual(Float32Array.of(1, 2));
    expect(tensor([1, 2], [2, 1], "int64")).toEqual({ dtype: "int64", shape: [2, 1], data: BigInt64Array.of(1n, 2n) });
    expect(tensor([1, 0], [2], "bool").data).toEqual(Uint8Array.of(1, 0));
    expect(scalar(3)).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(3) });
    expect(zeros([2, 2], "float16").data).toEqual(new Uint16Array(4));
  });

  it("keep a typed array that already fits", () => {
    const data = Float32Array.of(1, 2);
    expect(tensor(data).data).toBe(data);
  });

  it("refuse data that does not fill the shape", () => {
    expect(() => tensor([1, 2, 3], [2, 2])).toThrow("tensor: expected 4 elements for shape [2,2], got 3");
  });

  it("give int64 as numbers", () => {
    expect(numbersOf(tensor([5, -7], [2], "int64"))).toEqual([5, -7]);
  });

  it("have a width and a kind for each dtype", () => {
    const widths = (Object.keys(arrayTypes) as DType[]).map((dtype) => [
      dtype,
      bytesPerElement(dtype),
      isFloating(dtype),
    ]);
    expect(widths).toEqual([
      ["float64", 8, true],
      ["float32", 4, true],
      ["float16", 2, true],
      ["bfloat16", 2, true],
      ["int64", 8, false],
      ["int32", 4, false],
      ["uint8", 1, false],
      ["bool", 1, false],
    ]);
  });
});

describe("errors", () => {
  it("read alike and quote any value", () => {
    expect(expectation("lr", "a number > 0", -1, "choose 0.1")).toBe("lr: expected a number > 0, got -1; choose 0.1");
    expect(expectation("lr", "a number", Number.NaN)).toBe("lr: expected a number, got NaN");
    expect(expectation("ids", "strings", ["a", 1])).toBe('ids: expected strings, got ["a",1]');
    expect(expectation("id", "a number", 5n)).toBe("id: expected a number, got 5");
    expect(expectation("id", "a number", undefined)).toBe("id: expected a number, got undefined");
  });

  it("are of typed classes under one base", () => {
    expect(() => assertArgument(false, "lr", "a number > 0", 0)).toThrow(InvalidArgumentError);
    expect(() => assertArgument(true, "lr", "a number > 0", 1)).not.toThrow();
    const error = new NonFiniteError("loss: expected a finite number, got NaN", 12, "features.3");
    expect(error).toBeInstanceOf(NormwiseError);
    expect([error.name, error.step, error.layer]).toEqual(["NonFiniteError", 12, "features.3"]);
  });
});

it("a worker's file is looked for in dist when the caller runs from src", () => {
  expect(builtFile("file:///a/src/runtime/node.ts", "./worker.js").href).toBe("file:///a/dist/runtime/worker.js");
  expect(builtFile("file:///src/a/src/runtime/node.ts", "./worker.js").href).toBe(
    "file:///src/a/dist/runtime/worker.js",
  );
  expect(builtFile("file:///a/dist/runtime/node.js", "./worker.js").href).toBe("file:///a/dist/runtime/worker.js");
});
