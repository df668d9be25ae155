import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbersOf, type Shape, ShapeError, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { evaluate } from "../../src/reference/index.js";

/** The gradient of the sum of a function's output with respect to its only input. */
function slope(x: Tensor, build: (x: g.Value) => g.Value): number[] {
  const graph = new g.Graph();
  const input = graph.input("x", x.shape);
  const [dx] = g.gradients(g.total(build(input)), [input]);
  return numbersOf(evaluate([dx!], { x })[0]!);
}

describe("gradients", () => {
  it("of a chain 20,000 deep neither overflow the stack nor lose the value", () => {
    const graph = new g.Graph();
    const x = graph.input("x");
    let y: g.Value = x;
    for (let i = 0; i < 20_000; i++) y = g.add(g.mul(y, 1 + (i % 2 === 0 ? 1e-4 : -1e-4)), 1e-3);
    const [dx] = g.gradients(y, [x]);
    const [slopeAtOne] = numbersOf(evaluate([dx!], { x: tensor([1], []) })[0]!);
    // 20,000 roundings of at most 2⁻⁵³ each
    expect(Math.abs(slopeAtOne! - (1 - 1e-8) ** 10_000)).toBeLessThan(20_000 * 2 ** -53);
  });

  it("of a value used 2^60 times through shared subexpressions take one pass", () => {
    const graph = new g.Graph();
    const x = graph.input("x");
    let y: g.Value = x;
    for (let i = 0; i < 60; i++) y = g.add(y, y);
    const [dx] = g.gradients(y, [x]);
    expect(graph.values.length).toBeLessThan(300);
    expect(numbersOf(evaluate([dx!], { x: tensor([3], []) })[0]!)).toEqual([2 ** 60]);
  });

  it("sum over every path of a diamond", () => {
    // f = (x² + 3x) · x², f′ = 4x³ + 9x²
    expect(
      slope(tensor([2, -1], [2]), (x) => {
        const square = g.square(x);
        return g.mul(g.add(square, g.mul(x, 3)), square);
      }),
    ).toEqual([68, 5]);
  });

  it("reach intermediate values, the scalar itself, and several values at once", () => {
    const graph = new g.Graph();
    const x = graph.input("x");
    const y = g.mul(x, 3);
    const z = g.mul(y, y);
    const found = g.gradients(z, [x, y, z]);
    expect(evaluate(found as g.Value[], { x: tensor([2], []) }).map((t) => Number(t.data[0]))).toEqual([36, 12, 1]);
  });

  it("are undefined where the scalar does not depend on the value", () => {
    const graph = new g.Graph();
    const [x, other] = [graph.input("x"), graph.input("other")];
    const index = graph.input("i", [], "int64");
    const y = g.mul(x, 2);
    const later = g.mul(y, 2);
    expect(g.gradients(y, [other, later, index])).toEqual([undefined, undefined, undefined]);
    expect(g.gradients(g.total(g.stopGradient(x)), [x])).toEqual([undefined]);
    expect(g.gradients(g.total(g.step(x)), [x])).toEqual([undefined]);
    expect(g.gradients(y, [])).toEqual([]);
  });

  it("do not build what nobody asked for", () => {
    const graph = new g.Graph();
    const [x, w] = [graph.input("x", [1, 1, 4, 4]), graph.input("w", [1, 1, 3, 3])];
    const loss = g.total(g.conv2d(x, w));
    const before = graph.values.length;
    const [dw] = g.gradients(loss, [w]);
    const needed = new Set<number>();
    const visit = (value: g.Value): void => {
      needed.add(value.id);
      if (value.source.kind === "apply") value.source.inputs.forEach(visit);
    };
    visit(dw!);
    const computed = [...needed].filter((id) => id >= before).map((id) => String(graph.values[id]));
    expect(computed.join()).not.toContain("conv2dInputGradient");
  });

  it("flow through a gather to repeated rows once for each", () => {
    expect(
      slope(tensor([1, 2, 3], [3]), (x) => g.gather(x, x.graph.constant(tensor([2, 0, 2, 2], [4], "int64")))),
    ).toEqual([1, 0, 3]);
  });

  it("pass straight through rounding to a half", () => {
    expect(slope(tensor([0.1, 5], [2]), (x) => g.mul(g.cast(g.cast(x, "float16"), "float32"), 3))).toEqual([3, 3]);
  });

  it("refuse anything but a scalar of the same graph", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2, 3]);
    expect(() => g.gradients(x, [x])).toThrow(ShapeError);
    expect(() => g.gradients(x, [x])).toThrow("gradients: expected a scalar, got shape [2,3]; reduce it first");
    const foreign = new g.Graph().input("y");
    expect(() => g.gradients(g.total(x), [foreign])).toThrow("expected values of the scalar's graph, got %0 = input");
  });

  it("say which primitive has no second derivative", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [1, 1, 2, 2]);
    const [dx] = g.gradients(g.total(g.square(g.maxPool2d(x, { kernel: 2 }))), [x]);
    expect(() => g.gradients(g.total(dx!), [x])).toThrow(
      "got maxPool2dGradient; do not differentiate through it twice",
    );
  });
});

describe("conventions at kinks and ties", () => {
  it("abs, sign, relu and step have slope 0 at 0", () => {
    const x = tensor([-2, 0, 3], [3]);
    expect(slope(x, g.abs)).toEqual([-1, 0, 1]);
    expect(slope(x, g.relu)).toEqual([0, 0, 1]);
  });

  it("maximum and minimum give half to each of two equal operands", () => {
    const graph = new g.Graph();
    const [a, b] = [graph.input("a", [3]), graph.input("b", [3])];
    const feeds = { a: tensor([1, 2, 5]), b: tensor([1, 3, 4]) };
    const of = (y: g.Value): number[][] =>
      evaluate(g.gradients(g.total(y), [a, b]) as g.Value[], feeds).map((t) => numbersOf(t));
    expect(of(g.maximum(a, b))).toEqual([
      [0.5, 0, 1],
      [0.5, 1, 0],
    ]);
    expect(of(g.minimum(a, b))).toEqual([
      [0.5, 1, 0],
      [0.5, 0, 1],
    ]);
  });

  it("reduceMax shares among ties, per lane", () => {
    expect(slope(tensor([1, 3, 3, 2, 2, 2], [2, 3]), (x) => g.reduceMax(x, [1]))).toEqual([
      0,
      0.5,
      0.5,
      1 / 3,
      1 / 3,
      1 / 3,
    ]);
  });

  it("topK gives ties to the first", () => {
    expect(slope(tensor([2, 3, 2, 2], [4]), (x) => g.topK(x, 2))).toEqual([1, 1, 0, 0]);
  });

  it("max pooling gives ties to the first in row-major order", () => {
    const x = tensor([0, 7, 1, 1, 7, 7, 1, 1], [1, 1, 2, 4]);
    expect(slope(x, (v) => g.maxPool2d(v, { kernel: 2 }))).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
  });

  it("max pooling with overlapping windows adds up at a shared maximum", () => {
    const x = tensor([0, 0, 0, 0, 9, 0, 0, 0, 0], [1, 1, 3, 3]);
    expect(slope(x, (v) => g.maxPool2d(v, { kernel: 2, stride: 1 }))).toEqual([0, 0, 0, 0, 4, 0, 0, 0, 0]);
  });
});

describe("broadcasting is undone", () => {
  /** A shape and one that stretches to it. */
  const stretching = fc
    .array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
    .chain((to) =>
      fc
        .tuple(fc.integer({ min: 0, max: to.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
        .map(([dropped, ones]) => ({ to, from: to.slice(dropped).map((size, i) => (ones[i] ? 1 : size)) })),
    );

  const operations: readonly [string, (small: g.Value, large: g.Value) => g.Value][] = [
    ["add", g.add],
    ["add, on the other side", (small, large) => g.add(large, small)],
    ["sub", g.sub],
    ["where", (small, large) => g.where(g.greater(large, -1), small, large)],
    ["broadcastTo", (small, large) => g.broadcastTo(small, large.shape)],
  ];

  it.each(operations)("%s: each element receives one unit for each of its copies", (_, operation) => {
    fc.assert(
      fc.property(stretching, ({ from, to }) => {
        const graph = new g.Graph();
        const [small, large] = [graph.input("small", from), graph.input("large", to)];
        const [ds, dl] = g.gradients(g.total(operation(small, large)), [small, large]);
        expect(ds!.shape).toEqual(from);
        const feeds = { small: ones(from), large: ones(to) };
        expect(numbersOf(evaluate([ds!], feeds)[0]!)).toEqual(new Array(sizeOf(from)).fill(sizeOf(to) / sizeOf(from)));
        if (dl) expect(dl.shape).toEqual(to);
      }),
    );
  });

  it("mul: the gradient is the other operand, summed over the copies", () => {
    fc.assert(
      fc.property(stretching, ({ from, to }) => {
        const graph = new g.Graph();
        const [small, large] = [graph.input("small", from), graph.input("large", to)];
        const [ds] = g.gradients(g.total(g.mul(small, large)), [small]);
        const counting = tensor(
          Float32Array.from({ length: sizeOf(to) }, (_, i) => i),
          to,
        );
        // Independently: walk over the elements of `to` and work out which element of `from` each is a copy of.
        const expected = new Array<number>(sizeOf(from)).fill(0);
        for (let i = 0; i < sizeOf(to); i++) expected[sourceOf(i, from, to)]! += i;
        expect(numbersOf(evaluate([ds!], { small: ones(from), large: counting })[0]!)).toEqual(expected);
      }),
    );
  });
});

function ones(shape: Shape): Tensor {
  return tensor(new Float32Array(sizeOf(shape)).fill(1), shape);
}

function sourceOf(flat: number, from: Shape, to: Shape): number {
  let rest = flat;
  let offset = 0;
  let stride = 1;
  for (let axis = to.length - 1; axis >= to.length - from.length; axis--) {
    const size = from[axis - to.length + from.length]!;
    if (size !== 1) offset += (rest % to[axis]!) * stride;
    stride *= size;
    rest = Math.floor(rest / to[axis]!);
  }
  return offset;
}
