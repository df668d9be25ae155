import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { ExecutionError, InvalidArgumentError, scalar, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { normal } from "../support/random-tensors.js";

const runtime = nodeRuntime({ threads: 2 });
afterAll(() => runtime.close());

/** w ← w − rate · x, with the outputs `loss` = Σ w·x and `w`. */
function descent(): g.Program {
  const graph = new g.Graph();
  const x = graph.input("x", [3]);
  const w = graph.input("w", [3]);
  const rate = graph.input("rate");
  return { graph, outputs: { loss: g.total(g.mul(w, x)), before: w }, updates: { w: g.sub(w, g.mul(x, rate)) } };
}

describe("nodeRuntime", () => {
  it("names itself with version and threads", () => {
    expect(runtime.name).toMatch(/^onnxruntime-node \d+\.\d+\.\d+ \(cpu, 2 threads/);
  });

  it.each([0, 1.5, Number.NaN])("refuses %s threads", (threads) => {
    expect(() => nodeRuntime({ threads })).toThrow(InvalidArgumentError);
  });

  it("takes what feeds lack from the state, and writes updates there", async () => {
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: tensor([1, 2, 3]), other: tensor([7]) });
    const feeds = { x: tensor([1, 1, 2]), rate: scalar(0.5) };
    const first = await session.run(feeds, { state });
    expect([first.loss!.data[0], ...first.before!.data]).toEqual([9, 1, 2, 3]);
    expect([...(await state.read(["w"])).w!.data]).toEqual([0.5, 1.5, 2]);
    const second = await session.run(feeds, { state });
    expect([...second.before!.data]).toEqual([0.5, 1.5, 2]);
    expect(Object.keys(await state.read())).toEqual(["w", "other"]);
  });

  it("shares a state between sessions", async () => {
    const graph = new g.Graph();
    const norm = await runtime.load({ graph, outputs: { norm: g.total(g.square(graph.input("w", [3]))) } });
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: tensor([1, 2, 2]) });
    await session.run({ x: tensor([1, 0, 0]), rate: scalar(1) }, { state });
    expect((await norm.run({}, { state })).norm!.data[0]).toBe(8);
  });

  it("lets feeds win over the state, and runs without one, changing nothing", async () => {
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: tensor([1, 1, 1]) });
    const feeds = { x: tensor([1, 1, 1]), rate: scalar(1), w: tensor([2, 2, 2]) };
    expect((await session.run(feeds)).loss!.data[0]).toBe(6);
    expect((await session.run(feeds, { state })).loss!.data[0]).toBe(6);
    expect([...(await state.read()).w!.data]).toEqual([1, 1, 1]); // 2 − 1
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("keeps the state when the guarded output is %s", async (value) => {
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: tensor([1, 2, 3]) });
    const feeds = { x: tensor([1, value, 1]), rate: scalar(1) };
    const { loss } = await session.run(feeds, { state, guard: "loss" });
    expect(Number.isFinite(loss!.data[0])).toBe(false);
    expect([...(await state.read()).w!.data]).toEqual([1, 2, 3]);
    await session.run(feeds, { state });
    expect((await state.read()).w!.data[1]).toBe(-value);
  });

  it("narrows float64 to what the input declares, in feeds and in the state", async () => {
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: tensor([0.1, 0, 0], [3], "float64") });
    const feeds = { x: tensor([1, 0, 0], [3], "float64"), rate: scalar(0, "float64") };
    const { loss } = await session.run(feeds, { state });
    expect([loss!.dtype, loss!.data[0]]).toEqual(["float32", Math.fround(0.1)]);
    expect((await state.read()).w).toEqual(tensor([0.1, 0, 0]));
  });

  it("leaves the caller's arrays usable, views included", async () => {
    const session = await runtime.load(descent());
    const pool = Float32Array.of(9, 9, 1, 2, 3, 9);
    const w = tensor(pool.subarray(2, 5));
    const state = await runtime.createState({ w });
    await session.run({ x: tensor([1, 1, 1]), rate: scalar(1), w }, { state });
    await state.write({ w });
    expect([...pool]).toEqual([9, 9, 1, 2, 3, 9]);
    expect([...(await state.read()).w!.data]).toEqual([1, 2, 3]);
  });

  it("takes data in shared memory", async () => {
    const session = await runtime.load(descent());
    const shared = new Float32Array(new SharedArrayBuffer(12)) as unknown as Float32Array<ArrayBuffer>;
    shared.set([1, 2, 3]);
    const { loss } = await session.run({ x: tensor(shared), rate: scalar(0), w: tensor([1, 1, 1]) });
    expect(loss!.data[0]).toBe(6);
  });

  it("gives the same bits in every run, and in a fresh runtime", async () => {
    const graph = new g.Graph();
    const x = graph.input("x", [8, 8, 16, 16]);
    const w = graph.input("w", [16, 8, 3, 3]);
    const y = g.maxPool2d(g.relu(g.conv2d(x, w, { padding: 1 })), { kernel: 2 });
    const [dx, dw] = g.gradients(g.total(g.mul(y, y)), [x, w]);
    const program = { graph, outputs: { loss: g.total(y), dx: dx!, dw: dw! } };
    const feeds = { x: normal("x", x.shape), w: normal("w", w.shape) };
    const other = nodeRuntime({ threads: 2 });
    const first = await (await runtime.load(program)).run(feeds);
    for (const engine of [runtime, runtime, other]) {
      const session = await engine.load(program);
      for (let repeat = 0; repeat < 5; repeat++) expect(await session.run(feeds)).toEqual(first);
    }
    await other.close();
  });
});

describe("errors of a run", () => {
  it("name the input that is missing, unknown, or does not fit", async () => {
    const session = await runtime.load(descent());
    const state = await runtime.createState({ w: tensor([1, 2]) });
    const feeds = { x: tensor([1, 2, 3]), w: tensor([1, 2, 3]), rate: scalar(1) };
    const { rate: _, ...withoutRate } = feeds;
    const { w: __, ...withoutW } = feeds;
    await expect(session.run(withoutRate)).rejects.toThrow("expected a tensor [] for input rate, got none");
    await expect(session.run({ ...feeds, y: scalar(1) })).rejects.toThrow("expected feeds among x, w, rate, got y");
    await expect(session.run({ ...feeds, x: tensor([1, 2]) })).rejects.toThrow("input x of shape [3], got [2]");
    await expect(session.run({ ...feeds, x: tensor([1, 2, 3], [3], "int32") })).rejects.toThrow("float32, got int32");
    await expect(session.run(withoutW, { state })).rejects.toThrow("input w of shape [3], got [2]");
    await expect(session.run(feeds, { guard: "lost" })).rejects.toThrow("a guard among loss, before, got lost");
    await expect(state.read(["v"])).rejects.toThrow("names among w, got v");
  });

  it("refuse a state of another runtime", async () => {
    const other = nodeRuntime({ threads: 1 });
    const state = await other.createState({ w: tensor([1, 2, 3]) });
    const session = await runtime.load(descent());
    const run = session.run({ x: tensor([1, 2, 3]), rate: scalar(1) }, { state });
    await expect(run).rejects.toThrow("expected a state of the same runtime");
    await other.close();
  });

  it("name the node at which ONNX Runtime failed", async () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2]);
    const at = graph.input("at", [1], "int64");
    const session = await runtime.load({ graph, outputs: { y: g.gather(g.exp(x), at) } });
    const failure = await session.run({ x: tensor([1, 2]), at: tensor([5], [1], "int64") }).catch((error) => error);
    expect(failure).toBeInstanceOf(ExecutionError);
    expect(failure.node).toMatch(/^gather#\d+\/Gather$/);
    expect((await session.run({ x: tensor([0, 0]), at: tensor([1], [1], "int64") })).y!.data[0]).toBe(1);
  });

  it("say so after a session, a state or the runtime was closed", async () => {
    const own = nodeRuntime({ threads: 1 });
    const session = await own.load(descent());
    const state = await own.createState({ w: tensor([1, 2, 3]) });
    const feeds = { x: tensor([1, 1, 1]), rate: scalar(1) };
    await state.close();
    await expect(session.run(feeds, { state })).rejects.toThrow("an open state");
    await session.close();
    await expect(session.run({ ...feeds, w: tensor([1, 2, 3]) })).rejects.toThrow("an open session");
    const waiting = expect(own.createState({})).rejects.toThrow(ExecutionError);
    await own.close();
    await waiting;
    await expect(own.load(descent())).rejects.toThrow("a running worker");
  });
});

it("does not keep a process alive that asks nothing of it", async () => {
  const built = new URL("../../dist/", import.meta.url);
  const script = `
    const { nodeRuntime } = await import("${built}runtime/node/index.js");
    const g = await import("${built}graph/index.js");
    const graph = new g.Graph();
    const session = await nodeRuntime({ threads: 1 }).load({ graph, outputs: { y: g.exp(graph.input("x")) } });
    const { y } = await session.run({ x: { dtype: "float32", shape: [], data: Float32Array.of(0) } });
    console.log(y.data[0]);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 60_000,
  });
  expect(stdout.trim()).toBe("1");
});
