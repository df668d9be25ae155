import { describe, expect, it } from "vitest";
import {
  fromBfloat16Bits,
  fromFloat16Bits,
  InvalidArgumentError,
  numbersOf,
  tensor,
  toBfloat16Bits,
  toFloat16Bits,
} from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { evaluate, referenceRuntime } from "../../src/reference/index.js";

/** w ← w − 0.1 x, and the loss w x. */
function descent(): g.Program {
  const graph = new g.Graph();
  const [w, x] = [graph.input("w"), graph.input("x")];
  return { graph, outputs: { loss: g.mul(w, x) }, updates: { w: g.sub(w, g.mul(x, 0.1)) } };
}
const number = (value: number) => tensor([value], []);

describe("the reference runtime", () => {
  it("keeps state in float64 from run to run", async () => {
    const runtime = referenceRuntime();
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: number(1) });
    for (let i = 0; i < 3; i++) await session.run({ x: number(1) }, { state });
    const { loss } = await session.run({ x: number(1) }, { state });
    expect(loss).toEqual({ dtype: "float64", shape: [], data: Float64Array.of(1 - 0.1 - 0.1 - 0.1) });
    expect(numbersOf((await state.read(["w"])).w!)).toEqual([1 - 0.1 - 0.1 - 0.1 - 0.1]);
  });

  it("computes outputs from the state before the update, and prefers feeds to state", async () => {
    const runtime = referenceRuntime();
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: number(2), x: number(100) });
    expect(numbersOf((await session.run({ x: number(3) }, { state })).loss!)).toEqual([6]);
    expect(numbersOf((await session.run({}, { state })).loss!)[0]).toBeCloseTo(170, 12);
  });

  it("leaves the state alone without one, and when the guard is not finite", async () => {
    const runtime = referenceRuntime();
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: number(2) });
    const values = async (): Promise<number[]> => numbersOf((await state.read()).w!);
    await session.run({ w: number(2), x: number(1) });
    expect(await values()).toEqual([2]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const { loss } = await session.run({ x: number(bad) }, { state, guard: "loss" });
      expect(numbersOf(loss!)).toEqual([bad]);
      expect(await values()).toEqual([2]);
    }
    await session.run({ x: number(1) }, { state, guard: "loss" });
    expect(await values()).toEqual([1.9]);
    await expect(session.run({ x: number(1) }, { state, guard: "los" })).rejects.toThrow(
      "run: expected a guard among the outputs loss, got los",
    );
  });

  it("shares a state among sessions", async () => {
    const runtime = referenceRuntime();
    const graph = new g.Graph();
    const evaluation = await runtime.load({ graph, outputs: { double: g.mul(graph.input("w"), 2) } });
    const training = await runtime.load(descent());
    const state = await runtime.createState({ w: number(1) });
    await training.run({ x: number(5) }, { state });
    expect(numbersOf((await evaluation.run({}, { state })).double!)).toEqual([1]);
  });

  it("copies what goes in and out of a state", async () => {
    const runtime = referenceRuntime();
    const mine = tensor([1, 2], [2], "float64");
    const state = await runtime.createState({ w: mine });
    mine.data[0] = 9;
    const first = (await state.read()).w!;
    expect(numbersOf(first)).toEqual([1, 2]);
    first.data[1] = 9;
    expect(numbersOf((await state.read()).w!)).toEqual([1, 2]);
    await state.write({ v: tensor([3], [1], "int32") });
    expect(await state.read(["v"])).toEqual({ v: tensor([3], [1], "int32") });
    await expect(state.read(["u"])).rejects.toThrow("state.read: expected one of w, v, got u");
  });

  it("does not let the update of one tensor change another that shares its elements", async () => {
    const runtime = referenceRuntime();
    const graph = new g.Graph();
    const [a, b] = [graph.input("a", [2]), graph.input("b", [2])];
    const session = await runtime.load({ graph, outputs: {}, updates: { a: g.stopGradient(b), b: a } });
    const state = await runtime.createState({ a: tensor([1, 2]), b: tensor([3, 4]) });
    await session.run({}, { state });
    const swapped = await state.read();
    expect([numbersOf(swapped.a!), numbersOf(swapped.b!)]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it("names an input that is missing, of another shape or of another kind", async () => {
    const runtime = referenceRuntime();
    const graph = new g.Graph();
    const [x, y] = [graph.input("x", [2, 3]), graph.input("y", [2], "int64")];
    const session = await runtime.load({ graph, outputs: { out: g.gatherElements(x, g.reshape(y, [2, 1])) } });
    const good = { x: tensor([1, 2, 3, 4, 5, 6], [2, 3]), y: tensor([0, 2], [2], "int64") };
    expect(numbersOf((await session.run(good)).out!)).toEqual([1, 6]);
    const failures: readonly (readonly [g.Tensors, string])[] = [
      [{ x: good.x }, "run: expected y of int64[2], got nothing; feed it"],
      [{ ...good, x: tensor([1, 2], [2]) }, "run: expected x of float32[2,3], got float32[2]"],
      [{ ...good, x: tensor([1, 2, 3, 4, 5, 6], [3, 2]) }, "run: expected x of float32[2,3], got float32[3,2]"],
      [{ ...good, y: tensor([0, 2], [2]) }, "run: expected y of int64[2], got float32[2]"],
      [{ ...good, y: tensor([0, 2], [2], "int32") }, "run: expected y of int64[2], got int32[2]"],
    ];
    for (const [feeds, message] of failures) {
      await expect(session.run(feeds)).rejects.toThrow(InvalidArgumentError);
      await expect(session.run(feeds)).rejects.toThrow(message);
    }
  });

  it("refuses a state that is closed or of another runtime", async () => {
    const session = await referenceRuntime().load(descent());
    const foreign = await referenceRuntime().createState({ w: number(1) });
    await expect(session.run({ x: number(1) }, { state: foreign })).rejects.toThrow("open state of this runtime");
    const runtime = referenceRuntime();
    const state = await runtime.createState({ w: number(1) });
    await state.close();
    await expect((await runtime.load(descent())).run({ x: number(1) }, { state })).rejects.toThrow("open state");
  });
});

describe("evaluation", () => {
  it("decodes halves, and rounds to them what an input of half precision is fed", () => {
    const graph = new g.Graph();
    const [x, h] = [graph.input("x"), graph.input("h", [], "float16")];
    const half = tensor([toFloat16Bits(0.1)], [], "float16");
    const brain = tensor([toBfloat16Bits(0.1)], [], "bfloat16");
    expect(numbersOf(evaluate([x], { x: half })[0]!)).toEqual([fromFloat16Bits(toFloat16Bits(0.1))]);
    expect(numbersOf(evaluate([x], { x: brain })[0]!)).toEqual([fromBfloat16Bits(toBfloat16Bits(0.1))]);
    const wide = tensor(Float64Array.of(0.1), [], "float64");
    expect(numbersOf(evaluate([h], { h: wide })[0]!)).toEqual([fromFloat16Bits(toFloat16Bits(0.1))]);
    expect(numbersOf(evaluate([x], { x: wide })[0]!)).toEqual([0.1]);
  });

  it("answers in the dtype of values that are no floats", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2]);
    const [bool, int] = evaluate([g.greater(x, 0), g.argMax(x)], { x: tensor([-1, 1]) });
    expect([bool, int]).toEqual([tensor([0, 1], [2], "bool"), tensor([1], [], "int64")]);
  });

  it("keeps all digits of a number in the graph", () => {
    const graph = new g.Graph();
    expect(numbersOf(evaluate([g.mul(graph.input("x"), 0.1)], { x: number(1) })[0]!)).toEqual([0.1]);
  });

  it("asks only for inputs that the values depend on, and computes a value twice wanted once", () => {
    const graph = new g.Graph();
    const [x, unused] = [graph.input("x"), graph.input("unused")];
    g.mul(x, unused);
    const y = g.mul(x, 2);
    expect(evaluate([y, y, x], { x: number(3) }).map((t) => Number(t.data[0]))).toEqual([6, 6, 3]);
    expect(evaluate([], {})).toEqual([]);
    expect(() => evaluate([y, new g.Graph().input("z")], { x: number(3) })).toThrow("values of one graph");
  });

  it("does not give away its own data", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2]);
    const feeds = { x: tensor([1, 2], [2], "float64") };
    const [same, flat] = evaluate([x, g.reshape(x, [1, 2])], feeds);
    same!.data[0] = 9;
    expect(numbersOf(flat!)).toEqual([1, 2]);
    expect(numbersOf(feeds.x)).toEqual([1, 2]);
  });

  it("drops intermediate values after their last use", () => {
    const graph = new g.Graph();
    let y = graph.input("x", [1_000_000]);
    for (let i = 0; i < 200; i++) y = g.neg(y); // 8 MB each: 1.6 GB if all were kept
    const before = process.resourceUsage().maxRSS;
    evaluate([g.total(y)], { x: tensor(new Float32Array(1_000_000).fill(1)) });
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(800); // MB; the collector is in no hurry
  });
});
