import { describe, expect, it } from "vitest";
import { sizeOf, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { simplify } from "../../src/onnx/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { expectAllClose } from "../support/compare.js";
import { normal } from "../support/random-tensors.js";

const shape = [3, 2, 4, 4];
const large = sizeOf(shape);

/** A graph with a large x and y and small per-channel a and b. */
function sample(): { graph: g.Graph; x: g.Value; y: g.Value; a: g.Value; b: g.Value; feeds: g.Tensors } {
  const graph = new g.Graph();
  const inputs = { x: shape, y: shape, a: [1, 2, 1, 1], b: [1, 2, 1, 1] };
  const values = Object.fromEntries(Object.entries(inputs).map(([name, size]) => [name, graph.input(name, size)]));
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, size]) => [name, normal(name, size)]));
  return { graph, feeds, ...(values as Record<"x" | "y" | "a" | "b", g.Value>) };
}

/** Names of the primitives that make a tensor of full size on the way to the results, in order. */
const passes = ({ outputs, updates }: g.Program): string[] =>
  g
    .neededValues([...Object.values(outputs), ...Object.values(updates ?? {})])
    .flatMap(({ source, shape: s }) => (source.kind === "apply" && sizeOf(s) === large ? [source.primitive.name] : []));

async function expectEqual(program: g.Program, feeds: g.Tensors): Promise<void> {
  const [before, after] = await Promise.all(
    [program, simplify(program)].map(async (one) => (await referenceRuntime().load(one)).run(feeds)),
  );
  expectAllClose(after!, before!, { relative: 1e-14 }); // float64: only the order of products and sums differs
}

const swap = [0, 1, 3, 2];
const swapped = (x: g.Value): g.Value => g.transpose(g.mul(x, 2), [0, 2, 1, 3]);
/** One of the three values along the first axis, times a factor, zeros in the place of the others. */
const piece = (x: g.Value, k: number, factor = 2): g.Value =>
  g.pad(g.mul(g.sliceAxis(x, 0, k, k + 1), factor), [k, 0, 0, 0], [2 - k, 0, 0, 0]);

type Sample = ReturnType<typeof sample>;
const identities: readonly [string, (s: Sample) => g.Value, readonly string[]][] = [
  ["a stretched operand", ({ x, a }) => g.mul(g.broadcastTo(a, shape), x), ["mul"]],
  ["a stretched operand that gives the shape", ({ a, b }) => g.mul(g.broadcastTo(a, shape), b), ["broadcastTo", "mul"]],
  ["a sum with a negation", ({ x, y }) => g.add(x, g.neg(y)), ["sub"]],
  ["a sum of a negation", ({ x, y }) => g.add(g.neg(x), y), ["sub"]],
  ["a reduction of a negation", ({ x, y }) => g.reduceSum(g.neg(g.mul(x, y)), [0, 2, 3]), ["mul"]],
  ["the derivative of a square", ({ x, y, a }) => g.add(g.add(y, g.mul(x, a)), g.mul(x, a)), ["mul", "add"]],
  ["a doubled value", ({ x }) => g.add(x, x), ["mul"]],
  ["small factors apart", ({ x, a, b }) => g.mul(g.mul(b, g.mul(a, x)), 3), ["mul"]],
  ["equal values", ({ x }) => g.add(g.exp(x), g.mul(g.exp(x), g.exp(x))), ["exp", "mul", "add"]],
  ["a transposition undone", ({ x, y }) => g.mul(y, g.transposeLast(g.transposeLast(x))), ["mul"]],
  ["transpositions one after the other", ({ x }) => g.transpose(g.transpose(x, swap), [1, 0, 2, 3]), ["transpose"]],
  ["a sum of transposed values", ({ x, y }) => g.add(g.transposeLast(x), g.transposeLast(y)), ["add", "transpose"]],
  [
    "a sum transposed otherwise",
    ({ x, y }) => g.add(swapped(x), swapped(y)),
    ["mul", "transpose", "mul", "transpose", "add"],
  ],
  [
    "pieces put together",
    ({ x }) => [2, 1, 0].map((k) => piece(x, k)).reduce((sum, part) => g.add(sum, part)),
    ["concat"],
  ],
  ["pieces within zeros", ({ x }) => g.add(piece(x, 1), piece(x, 0)), ["pad"]],
  ["pieces that do not touch", ({ x }) => g.add(piece(x, 2), piece(x, 0)), ["pad", "pad", "add"]],
  ["pieces that overlap", ({ x }) => g.add(piece(x, 1), piece(x, 1, 0.5)), ["pad", "pad", "add"]],
  ["shapes one after the other", ({ x }) => g.reshape(g.reshape(g.exp(x), [6, 16]), [3, 32]), ["exp", "reshape"]],
  ["a shape undone", ({ x }) => g.reshape(g.reshape(g.exp(x), [6, 16]), shape), ["exp"]],
  ["a sum over single elements", ({ x }) => g.reduceSum(g.reshape(x, [large, 1, 1]), [1, 2]), ["reshape"]],
  ["a maximum over single elements", ({ x }) => g.reduceMax(g.reshape(x, [large, 1]), [1]), ["reshape"]],
  ["a negation times a constant", ({ x }) => g.mul(g.neg(x), 3), ["mul"]],
  ["a quotient times a constant", ({ x, y }) => g.mul(g.div(g.mul(g.neg(x), 0.5), y), 3), ["mul", "div"]],
  ["arithmetic on constants", ({ graph, x }) => g.mul(x, g.neg(g.div(g.add(graph.constant(1), 2), 4))), ["mul"]],
  [
    "all pieces of a value joined again",
    ({ x }) => g.concat([g.concat([g.sliceAxis(x, 0, 0, 1), g.sliceAxis(x, 0, 1, 2)]), g.sliceAxis(x, 0, 2, 3)]),
    [],
  ],
  [
    "pieces joined in another order",
    ({ x }) => g.concat([g.sliceAxis(x, 0, 1, 3), g.sliceAxis(x, 0, 0, 1)]),
    ["concat"],
  ],
  [
    "neighbouring pieces joined with others",
    ({ x, y }) => g.concat([g.sliceAxis(y, 0, 2, 3), g.sliceAxis(x, 0, 0, 1), g.sliceAxis(x, 0, 1, 2)]),
    ["concat"],
  ],
  ["what must stay", ({ x, y, a }) => g.sub(g.mul(g.mul(x, y), a), g.neg(x)), ["mul", "mul", "neg", "sub"]],
];

describe("simplify", () => {
  it.each(identities)("%s", async (_name, build, expected) => {
    const all = sample();
    const program = { graph: all.graph, outputs: { result: build(all) } };
    expect(passes(simplify(program))).toEqual(expected);
    await expectEqual(program, all.feeds);
  });

  it("takes five of the passes from the gradient of a normalization", async () => {
    const all = sample();
    const { graph, x, y, a, b } = all;
    const centred = g.sub(x, g.reduceMean(x, [0, 2, 3]));
    const spread = g.sqrt(g.add(g.reduceMean(g.square(centred), [0, 2, 3]), 1e-5));
    const z = g.relu(g.add(g.mul(centred, g.div(a, spread)), b));
    const [dx, da, db] = g.gradients(g.total(g.mul(z, y)), [x, a, b]);
    const program = { graph, outputs: { dx: dx!, da: da!, db: db! }, updates: { a: g.sub(a, da!) } };
    expect(passes(program).length - passes(simplify(program)).length).toBeGreaterThanOrEqual(5);
    await expectEqual(program, all.feeds);
  });

  it("leaves factors alone whose product says something else in float32", async () => {
    const graph = new g.Graph();
    const [x, s] = [graph.input("x", [3]), graph.input("s", [])];
    const times = (factor: g.Value | number): g.Value => g.mul(g.mul(x, 1e30), factor);
    const outputs = { huge: times(1e30), tested: times(0), testedToo: g.mul(g.mul(x, s), 0), whole: times(1e-30) };
    const runtime = nodeRuntime({ threads: 1 });
    const session = await runtime.load({ graph, outputs });
    const result = await session.run({ x: tensor([1e-30, -1e-20, 1e20]), s: tensor([1e30], []) });
    await runtime.close();
    // 1e60 is no float32: x · 1e30 has to come first. Whatever overflows is to be seen in its product with 0.
    expect([...result.huge!.data]).toEqual([Math.fround(1e30), Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect([...result.tested!.data]).toEqual([0, -0, Number.NaN]);
    expect([...result.testedToo!.data]).toEqual([0, -0, Number.NaN]);
    expect(result.whole!.data[2]).toBe(Math.fround(1e20)); // ordinary factors are one
  });

  it("keeps the exact value and the dtype of constants", async () => {
    const graph = new g.Graph();
    const x = graph.input("x", [1], "float16");
    const program = simplify({ graph, outputs: { y: g.mul(x, 0.1) } });
    const constant = program.graph.values.find(({ source }) => source.kind === "constant")!;
    expect(constant.dtype).toBe("float16");
    expect(constant.source).toMatchObject({ tensor: { data: Float64Array.of(0.1) } });
  });
});
