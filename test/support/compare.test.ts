import { describe, expect, it } from "vitest";
import { tensor, toFloat16Bits } from "../../src/core/index.js";
import { difference, expectAllClose, expectClose } from "./compare.js";

const expected = tensor([3, 4, 0, 0]);

describe("the comparison of tensors", () => {
  it("measures the relative L2 and the largest error", () => {
    const found = difference(tensor([3, 4, 0.03, -0.04]), expected);
    expect(found.relative).toBeCloseTo(0.01, 8);
    expect(found.absolute).toBeCloseTo(0.04, 8);
    expect(found.at).toBe(3);
  });

  it("passes at the tolerance and fails just above the error, for each bound", () => {
    const actual = tensor([3, 4, 0.03, -0.04]);
    expectClose(actual, expected, { relative: 0.0101 });
    expectClose(actual, expected, { absolute: 0.0401 });
    expect(() => expectClose(actual, expected, { relative: 0.0099 })).toThrow(/relative L2 error 1\.00e-2/);
    expect(() => expectClose(actual, expected, { absolute: 0.0399 })).toThrow(/largest difference 4\.00e-2/);
  });

  it("fails where either of two bounds does", () => {
    const actual = tensor([3, 4, 0.03, -0.04]);
    expect(() => expectClose(actual, expected, { relative: 1, absolute: 1e-3 })).toThrow("element 3");
    expect(() => expectClose(actual, expected, { relative: 1e-3, absolute: 1 })).toThrow("element 3");
  });

  it("names the tensor, the element and both values", () => {
    expect(() => expectClose(tensor([1, 2.5]), tensor([1, 2]), { relative: 1e-3 }, "loss")).toThrow(
      /^loss: .*element 1 of float32\[2\]: expected 2, got 2\.5$/,
    );
  });

  it("fails on NaN or infinity against a number, and agrees where both are the same", () => {
    expect(() => expectClose(tensor([Number.NaN]), tensor([1]), { relative: 1e9 })).toThrow();
    expect(() => expectClose(tensor([1]), tensor([Number.NaN]), { absolute: 1e9 })).toThrow();
    expect(() => expectClose(tensor([1]), tensor([Number.POSITIVE_INFINITY]), { absolute: 1e9 })).toThrow();
    expect(() => expectClose(tensor([-1 / 0, 1]), tensor([1 / 0, 1]), { relative: 1e9 })).toThrow();
    expectClose(tensor([Number.NaN, 1 / 0, 1]), tensor([Number.NaN, 1 / 0, 1]), { relative: 0, absolute: 0 });
  });

  it("still sees an error beside an infinity that agrees", () => {
    expect(() => expectClose(tensor([1 / 0, 2]), tensor([1 / 0, 1]), { relative: 0.5 })).toThrow("element 1");
  });

  it("fails on zeros that should not be, and on numbers that should be zero", () => {
    expect(() => expectClose(tensor([0, 0]), tensor([1, 1]), { relative: 0.99 })).toThrow();
    expect(() => expectClose(tensor([1e-30]), tensor([0]), { relative: 1 })).toThrow();
    expectClose(tensor([0]), tensor([0]), { relative: 0 });
  });

  it("fails on another shape, count or kind, but lets float widths differ", () => {
    expect(() => expectClose(tensor([1, 2], [2, 1]), tensor([1, 2], [1, 2]), { relative: 1 })).toThrow(
      "tensor: expected float32[1,2], got float32[2,1]",
    );
    expect(() => expectClose(tensor([1], [1], "int32"), tensor([1], [1], "int64"), { relative: 1 })).toThrow(
      "int64[1]",
    );
    expect(() => expectClose(tensor([1], [1], "bool"), tensor([1], [1]), { relative: 1 })).toThrow("bool[1]");
    expectClose(tensor([1.5], [1], "float64"), tensor([1.5], [1]), { relative: 0 });
  });

  it("decodes halves", () => {
    const half = tensor([toFloat16Bits(1.5)], [1], "float16");
    expectClose(half, tensor([1.5]), { relative: 0 });
    expect(() => expectClose(half, tensor([1.25]), { relative: 0.1 })).toThrow("got 1.5");
  });

  it("compares int64 exactly", () => {
    expectClose(tensor([7], [1], "int64"), tensor([7], [1], "int64"), { absolute: 0 });
    expect(() => expectClose(tensor([7], [1], "int64"), tensor([8], [1], "int64"), { absolute: 0 })).toThrow();
  });

  it("refuses a tolerance that bounds nothing", () => {
    expect(() => expectClose(expected, expected, {})).toThrow("bounds something");
    expect(() => expectClose(expected, expected, { relative: Number.NaN })).toThrow("bounds something");
  });

  it("compares records by name", () => {
    expectAllClose({ a: expected, b: expected }, { b: expected, a: expected }, { relative: 0 });
    expect(() => expectAllClose({ a: expected }, { a: expected, b: expected }, { relative: 1 })).toThrow("a, b, got a");
    expect(() => expectAllClose({ a: tensor([3, 4, 0, 1]) }, { a: expected }, { relative: 0.1 })).toThrow(/^a: /);
  });
});
