import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromFloat16Bits, type Shape, sizeOf, tensor, toFloat16Bits } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { compute, numbers } from "./evaluate.js";

const matrix = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

describe("elementwise, by hand", () => {
  const a = tensor([-2, 0, 3], [3]);
  const table: readonly (readonly [string, (x: g.Value) => g.Value, readonly number[]])[] = [
    ["add", (x) => g.add(x, 1.5), [-0.5, 1.5, 4.5]],
    ["sub", (x) => g.sub(1, x), [3, 1, -2]],
    ["mul", (x) => g.mul(x, -2), [4, -0, -6]],
    ["div", (x) => g.div(x, 4), [-0.5, 0, 0.75]],
    ["div by 0", (x) => g.div(x, 0), [Number.NEGATIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY]],
    ["maximum", (x) => g.maximum(x, 1), [1, 1, 3]],
    ["minimum", (x) => g.minimum(x, 1), [-2, 0, 1]],
    ["greater", (x) => g.greater(x, 0), [0, 0, 1]],
    ["equal", (x) => g.equal(x, 3), [0, 0, 1]],
    ["neg", g.neg, [2, -0, -3]],
    ["abs", g.abs, [2, 0, 3]],
    ["sign", g.sign, [-1, 0, 1]],
    ["step", g.step, [0, 0, 1]],
    ["exp", g.exp, [0.1353352832366127, 1, 20.085536923187668]],
    ["log of x + 3", (x) => g.log(g.add(x, 3)), [0, 1.0986122886681098, 1.791759469228055]],
    ["sqrt of x + 6", (x) => g.sqrt(g.add(x, 6)), [2, 2.449489742783178, 3]],
    ["reciprocal", g.reciprocal, [-0.5, Number.POSITIVE_INFINITY, 0.3333333333333333]],
    ["relu", g.relu, [0, 0, 3]],
    ["tanh", g.tanh, [-0.9640275800758169, 0, 0.9950547536867305]],
    ["sigmoid", g.sigmoid, [0.11920292202211755, 0.5, 0.9525741268224334]],
    ["asin of x / 4", (x) => g.asin(g.div(x, 4)), [-0.5235987755982989, 0, 0.848062078981481]],
    ["power 3", (x) => g.power(x, 3), [-8, 0, 27]],
    ["power 0.5 of x + 2", (x) => g.power(g.add(x, 2), 0.5), [0, Math.SQRT2, 2.23606797749979]],
    ["where", (x) => g.where(g.greater(x, -1), x, 9), [9, 0, 3]],
    ["square", g.square, [4, 0, 9]],
  ];
  it.each(table)("%s", (_, operation, expected) => {
    const found = numbers({ x: a }, ({ x }) => operation(x));
    expect(found).toHaveLength(3);
    for (const [i, value] of found.entries()) {
      if (Number.isFinite(expected[i]))
        expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-15 * (1 + Math.abs(value)));
      else expect(value).toBe(expected[i]);
    }
  });

  it("the error function, as Python 3.11's math.erf gives it", () => {
    const known: readonly [number, number][] = [
      [1e-10, 1.1283791670955126e-10],
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [1.5, 0.9661051464753108],
      [2, 0.9953222650189527],
      [3, 0.9999779095030014],
      [4, 0.9999999845827421],
      [5.5, 0.9999999999999927],
      [7, 1],
    ];
    const x = tensor(Float64Array.from(known.flatMap(([at]) => [at, -at])), [2 * known.length], "float64");
    const found = numbers({ x }, (v) => g.erf(v.x));
    for (const [i, [, value]] of known.entries()) {
      expect(Math.abs(found[2 * i]! / value - 1)).toBeLessThan(4e-15);
      expect(found[2 * i + 1]).toBe(-found[2 * i]!);
    }
    expect(numbers({ x: tensor([0, Number.POSITIVE_INFINITY]) }, (v) => g.erf(v.x))).toEqual([0, 1]);
    expect(numbers({ x: tensor([Number.NaN]) }, (v) => g.erf(v.x))).toEqual([Number.NaN]);
  });

  it("lets NaN through, so that it is found", () => {
    const nan = tensor([Number.NaN]);
    for (const operation of [g.relu, g.abs, (x: g.Value) => g.maximum(x, 0), (x: g.Value) => g.reduceMax(x)]) {
      expect(numbers({ x: nan }, ({ x }) => operation(x))).toEqual([Number.NaN]);
    }
  });

  it("stretches operands by NumPy's rule", () => {
    const column = tensor([10, 20], [2, 1]);
    expect(numbers({ m: matrix, c: column }, ({ m, c }) => g.add(m, c))).toEqual([11, 12, 13, 24, 25, 26]);
    const row = tensor([100, 200, 300], [3]);
    expect(compute({ c: column, r: row }, ({ c, r }) => g.add(c, r))).toEqual({
      dtype: "float64",
      shape: [2, 3],
      numbers: [110, 210, 310, 120, 220, 320],
    });
  });
});

describe("reductions, by hand", () => {
  it("sum and maximum keep the axes", () => {
    expect(compute({ x: matrix }, ({ x }) => g.reduceSum(x, [0]))).toMatchObject({ shape: [1, 3], numbers: [5, 7, 9] });
    expect(compute({ x: matrix }, ({ x }) => g.reduceSum(x, [1]))).toMatchObject({ shape: [2, 1], numbers: [6, 15] });
    expect(numbers({ x: matrix }, ({ x }) => g.reduceSum(x))).toEqual([21]);
    expect(numbers({ x: matrix }, ({ x }) => g.reduceMax(x, [1]))).toEqual([3, 6]);
    expect(numbers({ x: tensor([-3, -5], [2]) }, ({ x }) => g.reduceMax(x))).toEqual([-3]);
    expect(numbers({ x: matrix }, ({ x }) => g.reduceMean(x, [-1]))).toEqual([2, 5]);
    const cube = tensor([0, 1, 2, 3, 4, 5, 6, 7], [2, 2, 2]);
    expect(numbers({ x: cube }, ({ x }) => g.reduceSum(x, [0, 2]))).toEqual([10, 18]);
  });

  it("top-k sorts descending; ties keep their order", () => {
    const x = tensor([2, 9, 2, 5, 9, 1], [6]);
    expect(numbers({ x }, (v) => g.topK(v.x, 5))).toEqual([9, 9, 5, 2, 2]);
    expect(compute({ x }, (v) => g.topKIndices(v.x, 5))).toEqual({
      dtype: "int64",
      shape: [5],
      numbers: [1, 4, 3, 0, 2],
    });
    expect(compute({ x }, (v) => g.argMax(v.x))).toEqual({ dtype: "int64", shape: [], numbers: [1] });
  });

  it("top-k along an inner axis", () => {
    const x = tensor([1, 20, 3, 10, 2, 30], [1, 3, 2]);
    expect(compute({ x }, (v) => g.topK(v.x, 2, 1))).toMatchObject({ shape: [1, 2, 2], numbers: [3, 30, 2, 20] });
    expect(numbers({ x }, (v) => g.topKIndices(v.x, 2, 1))).toEqual([1, 2, 2, 0]);
    expect(numbers({ x }, (v) => g.argMax(v.x, 1))).toEqual([1, 2]);
  });

  it("log-softmax: log of a distribution, unmoved by a constant, without overflow", () => {
    const [a, b] = numbers({ x: tensor([0, Math.log(3)], [1, 2]) }, ({ x }) => g.logSoftmax(x));
    expect(a).toBeCloseTo(Math.log(1 / 4), 7); // log 3 was rounded to float32
    expect(b).toBeCloseTo(Math.log(3 / 4), 7);
    expect(numbers({ x: tensor([1000, 0], [1, 2]) }, ({ x }) => g.logSoftmax(x))).toEqual([0, -1000]);
    expect(numbers({ x: tensor([0, 0, 0, 7], [2, 2]) }, ({ x }) => g.logSoftmax(x, 0))[0]).toBeCloseTo(
      Math.log(0.5),
      15,
    );
  });
});

describe("indexing, by hand", () => {
  const rows = tensor([2, 0], [2], "int64");
  const x = tensor([1, 2, 3, 4, 5, 6], [3, 2]);

  it("gathers and scatters slices", () => {
    expect(numbers({ x, rows }, (v) => g.gather(v.x, v.rows))).toEqual([5, 6, 1, 2]);
    expect(numbers({ x: matrix, rows }, (v) => g.gather(v.x, v.rows, 1))).toEqual([3, 1, 6, 4]);
    const repeated = tensor([1, 1, 0], [3], "int32");
    expect(numbers({ x, repeated }, (v) => g.scatterAdd(v.x, v.repeated, 0, 3))).toEqual([5, 6, 4, 6, 0, 0]);
  });

  it("gathers and scatters elements", () => {
    const at = tensor([1, 0, 1, 1, 0, 0], [3, 2], "int64");
    expect(numbers({ x, at }, (v) => g.gatherElements(v.x, v.at))).toEqual([2, 1, 4, 4, 5, 5]);
    expect(numbers({ x, at }, (v) => g.gatherElements(v.x, v.at, 0))).toEqual([3, 2, 3, 4, 1, 2]);
    expect(numbers({ x, at }, (v) => g.scatterAddElements(v.x, v.at, -1, 3))).toEqual([2, 1, 0, 0, 7, 0, 11, 0, 0]);
  });

  it("one-hot gives zeros for an index out of range", () => {
    const indices = tensor([1, -1, 3, 0], [4], "int64");
    expect(numbers({ indices }, (v) => g.oneHot(v.indices, 3))).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
  });

  it("an index out of range is an error elsewhere", () => {
    const bad = tensor([0, 3], [2], "int64");
    expect(() => compute({ x, bad }, (v) => g.gather(v.x, v.bad))).toThrow("gather: expected indices in [0, 3), got 3");
    const negative = tensor([-1, 0], [2], "int64");
    const u = tensor([1, 2], [2]);
    expect(() => compute({ u, negative }, (v) => g.scatterAdd(v.u, v.negative, 0, 2))).toThrow("[0, 2), got -1");
  });
});

/** A shape, and the tensor of that shape whose elements are their own positions. */
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const counting = (shape: Shape) =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
  );

describe("moving elements", () => {
  it("by hand", () => {
    expect(numbers({ x: matrix }, ({ x }) => g.transpose(x, [1, 0]))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(numbers({ x: matrix }, ({ x }) => g.concat([x, x], 1))).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
    expect(numbers({ x: matrix }, ({ x }) => g.slice(x, [0, 0], [2, 3], [1, 2]))).toEqual([1, 3, 4, 6]);
    expect(numbers({ x: matrix }, ({ x }) => g.pad(x, [0, 1], [1, 0], 7))).toEqual([
      7, 1, 2, 3, 7, 4, 5, 6, 7, 7, 7, 7,
    ]);
    expect(numbers({ x: tensor([1, 2], [2, 1]) }, ({ x }) => g.broadcastTo(x, [2, 2, 2]))).toEqual([
      1, 1, 2, 2, 1, 1, 2, 2,
    ]);
    const cube = counting([2, 3, 4]);
    expect(numbers({ x: cube }, ({ x }) => g.transpose(x, [2, 0, 1])).slice(0, 7)).toEqual([0, 4, 8, 12, 16, 20, 1]);
  });

  it("a transposition and its inverse give the tensor back, and move single elements rightly", () => {
    const permuted = shapes.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray(
          shape.map((_, a) => a),
          { minLength: shape.length },
        ),
      ),
    );
    fc.assert(
      fc.property(permuted, ([shape, permutation]) => {
        const x = counting(shape);
        const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
        const there = compute({ x }, (v) => g.transpose(v.x, permutation));
        expect(there.shape).toEqual(permutation.map((axis) => shape[axis]));
        expect(numbers({ x }, (v) => g.transpose(g.transpose(v.x, permutation), inverse))).toEqual([...x.data]);
        // The element at the far corner of one axis lies at the far corner of where that axis went.
        for (const [to, from] of permutation.entries()) {
          const corner = (s: Shape, axis: number): number => (s[axis]! - 1) * sizeOf(s.slice(axis + 1));
          expect(there.numbers[corner(there.shape, to)]).toBe(corner(shape, from));
        }
      }),
    );
  });

  it("padding and slicing it off again gives the tensor back", () => {
    const widths = shapes.chain((shape) => {
      const side = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: shape.length, maxLength: shape.length });
      return fc.tuple(fc.constant(shape), side, side);
    });
    fc.assert(
      fc.property(widths, ([shape, before, after]) => {
        const x = counting(shape);
        const ends = shape.map((size, axis) => before[axis]! + size);
        expect(numbers({ x }, (v) => g.slice(g.pad(v.x, before, after, -1), before, ends))).toEqual([...x.data]);
        const filled = numbers({ x }, (v) => g.pad(v.x, before, after, -1)).filter((value) => value === -1);
        expect(filled).toHaveLength(
          sizeOf(shape.map((size, axis) => size + before[axis]! + after[axis]!)) - sizeOf(shape),
        );
      }),
    );
  });

  it("the pieces of any split concatenate to the whole", () => {
    const split = shapes
      .chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1)))
      .filter(([shape, axis]) => shape[axis]! > 1)
      .chain(([shape, axis]) =>
        fc.tuple(fc.constant(shape), fc.constant(axis), fc.integer({ min: 1, max: shape[axis]! - 1 })),
      );
    fc.assert(
      fc.property(split, ([shape, axis, at]) => {
        const x = counting(shape);
        const pieces = (v: g.Value): g.Value[] => [g.sliceAxis(v, axis, 0, at), g.sliceAxis(v, axis, at, shape[axis]!)];
        expect(numbers({ x }, (v) => g.concat(pieces(v.x), axis))).toEqual([...x.data]);
      }),
    );
  });

  it("a strided slice is every stride-th element", () => {
    const range = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 6 }))
      .chain(([size, stride]) =>
        fc.tuple(fc.constant(size), fc.constant(stride), fc.integer({ min: 0, max: size - 1 })),
      )
      .chain(([size, stride, start]) =>
        fc.tuple(fc.constant([size, stride, start] as const), fc.integer({ min: start + 1, max: size })),
      );
    fc.assert(
      fc.property(range, ([[size, stride, start], end]) => {
        const expected = [];
        for (let i = start; i < end; i += stride) expected.push(i);
        expect(numbers({ x: counting([size]) }, ({ x }) => g.slice(x, [start], [end], [stride]))).toEqual(expected);
      }),
    );
  });
});

describe("cast", () => {
  it("rounds to the grid of a half, and stays a number", () => {
    const x = tensor([0.1, 2049, 2051, 70000, -1e-9], [5]);
    expect(compute({ x }, (v) => g.cast(v.x, "float16"))).toEqual({
      dtype: "float64",
      shape: [5],
      numbers: [fromFloat16Bits(toFloat16Bits(0.1)), 2048, 2052, Number.POSITIVE_INFINITY, -0],
    });
    expect(numbers({ x: tensor([257, 259], [2]) }, (v) => g.cast(v.x, "bfloat16"))).toEqual([256, 260]);
  });

  it("to float32 keeps every digit: the reference does not round where the graph computes", () => {
    const x = tensor(Float64Array.of(0.1), [1], "float64");
    expect(numbers({ x }, (v) => g.cast(v.x, "float32"))).toEqual([0.1]);
  });

  it("truncates to integers and tests for 0 to bool", () => {
    const x = tensor([-1.7, -0.2, 0, 2.9], [4]);
    expect(compute({ x }, (v) => g.cast(v.x, "int64"))).toEqual({ dtype: "int64", shape: [4], numbers: [-1, 0, 0, 2] });
    expect(compute({ x }, (v) => g.cast(v.x, "int32")).dtype).toBe("int32");
    expect(compute({ x }, (v) => g.cast(v.x, "bool"))).toEqual({ dtype: "bool", shape: [4], numbers: [1, 1, 0, 1] });
  });
});
