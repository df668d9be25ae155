import { afterAll, describe, expect, it } from "vitest";
import { isFloating, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { expectClose } from "../support/compare.js";
import { allPrimitiveCases, buildCase } from "../support/primitive-cases.js";
import { normal } from "../support/random-tensors.js";

const reference = referenceRuntime();
const runtime = nodeRuntime({ threads: 2 });
afterAll(() => runtime.close());

async function compare(program: g.Program, feeds: g.Tensors, relative: number): Promise<void> {
  const [ours, truth] = await Promise.all(
    [runtime, reference].map(async (engine) => {
      const session = await engine.load(program);
      const outputs = await session.run(feeds);
      await session.close();
      return outputs;
    }),
  );
  for (const [name, { dtype }] of Object.entries(program.outputs)) {
    expect(ours![name]!.dtype).toBe(dtype);
    expectClose(ours![name]!, truth![name]!, isFloating(dtype) ? { relative } : { absolute: 0 }, name);
  }
}

// float32 rounds to 6e-8. The longest sums of the cases have some thousand terms of random sign, whose errors add up like
// a random walk: about √4096 · 6e-8 = 4e-6 of the sum where the terms do not cancel, and far less in two stages.
const tolerance = 2e-6;

describe("every primitive, in standard operators, against the float64 reference", () => {
  it.each(allPrimitiveCases)("%s", async (_name, { inputs, build }) => {
    const { graph, output } = buildCase({ inputs, build });
    await compare({ graph, outputs: { output } }, inputs, tolerance);
  });
});

describe("formulations that only larger tensors or unusual values reach", () => {
  it("reduces 131,072 elements of equal sign without losing digits", async () => {
    const graph = new g.Graph();
    const x = graph.input("x", [128, 2, 32, 32]);
    const program = { graph, outputs: { sum: g.reduceSum(x, [0, 2, 3]), all: g.reduceSum(x) } };
    // One running float32 sum of them is off by about 1e-4.
    await compare(program, { x: normal("long", [128, 2, 32, 32], 1, 0.1) }, 5e-7);
  });

  it.each([
    { stride: 1, padding: 1, dilation: 1, size: 2, kernel: 3 },
    { stride: 2, padding: 1, dilation: 1, size: 6, kernel: 3 },
    { stride: 2, padding: 0, dilation: 2, size: 8, kernel: 2 },
    { stride: 1, padding: 0, dilation: 1, size: 3, kernel: 1 },
  ])("convolves small maps of several images side by side: %o", async ({ size, kernel, ...options }) => {
    const graph = new g.Graph();
    const x = graph.input("x", [5, 4, size, size]);
    const w = graph.input("w", [6, 4, kernel, kernel]);
    const y = g.conv2d(x, w, options);
    const [dx, dw] = g.gradients(g.total(g.mul(y, g.sigmoid(y))), [x, w]);
    const feeds = { x: normal("small", x.shape), w: normal("kernel", w.shape) };
    await compare({ graph, outputs: { y, dx: dx!, dw: dw! } }, feeds, tolerance);
  });

  it("gives max pooling of NaN a gradient rather than a crash, so that a diverged step ends in its guard", async () => {
    for (const options of [{ kernel: 2 }, { kernel: 3, stride: 2, padding: 1 }]) {
      const graph = new g.Graph();
      const x = graph.input("x", [1, 1, 4, 4]);
      const [dx] = g.gradients(g.total(g.maxPool2d(x, options)), [x]);
      const session = await runtime.load({ graph, outputs: { dx: dx! } });
      for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
        const { dx: gradient } = await session.run({ x: tensor(new Float32Array(16).fill(value), [1, 1, 4, 4]) });
        expect(gradient!.shape).toEqual([1, 1, 4, 4]);
      }
    }
  });

  it("tells pads with −∞, ∞ and 0 apart", async () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2]);
    const values = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    const outputs = Object.fromEntries(values.map((value, i) => [`y${i}`, g.pad(x, [1], [0], value)]));
    const result = await (await runtime.load({ graph, outputs })).run({ x: tensor([1, 2]) });
    expect(values.map((_, i) => result[`y${i}`]!.data[0])).toEqual(values);
  });
});
