import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as normwise from "normwise";
import { add } from "normwise/graph";
import { nodeRuntime, onnxSession } from "normwise/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as ownLayer from "../examples/own-layer.js";
import * as ownMetric from "../examples/own-metric.js";

// What the README's tour shows, run as it is. `normwise` is this package, as built, through its own `exports`.

const home = process.cwd();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "normwise-library-"));
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

/** Stripes as in the example, but others: seen for the first time by what was trained there. */
function otherStripes(count: number): normwise.ImagesInMemory {
  const random = normwise.randomStream(2, "stripes");
  const labels = Array.from({ length: count }, () => random.integer(3));
  const phases = labels.map(() => 2 * Math.PI * random.uniform());
  const images = Float32Array.from({ length: count * 144 }, (_, i) => {
    const [image, y, x] = [Math.floor(i / 144), Math.floor(i / 12) % 12, i % 12];
    return Math.sin([x, y, x + y][labels[image]!]! + phases[image]!) + Math.SQRT2 * random.normal();
  });
  return normwise.arrays({ images, labels, shape: [1, 12, 12] });
}

describe("examples/train-on-arrays.ts", async () => {
  const printed: string[] = [];
  let example: typeof import("../examples/train-on-arrays.js");
  const unseen = otherStripes(300);

  beforeAll(async () => {
    const log = vi
      .spyOn(console, "log")
      .mockImplementation((...words) => void printed.push(words.map(String).join(" ")));
    example = await import("../examples/train-on-arrays.js");
    log.mockRestore();
  });

  it("is 25 lines of code", async () => {
    const lines = (await readFile(join(home, "examples/train-on-arrays.ts"), "utf8")).split("\n");
    expect(lines.filter((line) => line.trim() !== "" && !line.startsWith("//")).length).toBeLessThanOrEqual(25);
  });

  it("learns: more than 90% of images it never saw", async () => {
    expect(example.epochs.at(-1)!.trainAccuracy).toBeGreaterThan(90);
    expect((await example.model.evaluate(unseen)).accuracy).toBeGreaterThan(90);
  });

  it("reads norms and effective rates of every epoch", () => {
    const { epochs } = example;
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const weight of ["0.0.weight", "1.0.weight"]) {
      const norms = epochs.map(({ layers }) => layers[weight]!.norm.median);
      const rates = epochs.map(({ layers }) => layers[weight]!.effectiveRate);
      expect(norms.every((norm) => norm > 0 && Number.isFinite(norm))).toBe(true);
      expect(new Set(norms).size).toBe(epochs.length);
      // η/‖w‖²: the largest rate belongs to the smallest norm.
      for (const [index, { layers }] of epochs.entries()) {
        expect(rates[index]!.max).toBeCloseTo(0.1 / layers[weight]!.norm.min ** 2, 8);
        expect(rates[index]!.min).toBeCloseTo(0.1 / layers[weight]!.norm.max ** 2, 8);
      }
    }
    expect(Object.keys(epochs[0]!.layers)).toEqual(["0.0.weight", "1.0.weight"]);
  });

  it("prints them, and the classes it predicts", () => {
    expect(printed).toHaveLength(8 * 3 + 1);
    expect(printed[0]).toMatch(/^epoch 1: \d+\.\d % right$/);
    expect(printed[1]).toMatch(/^ {2}0\.0\.weight: norm \d+\.\d{3}, effective rate \d+\.\d{3}$/);
    const predicted = printed.at(-1)!.replace("classes ", "").split(",").map(Number);
    expect(predicted.filter((label, image) => label === image % 3).length).toBeGreaterThanOrEqual(9);
  });

  it("saves an ONNX file that gives the same logits, for one image and for several", async () => {
    const expected = await example.model.logits(unseen.images);
    const session = await onnxSession(await readFile("stripes.onnx"), { threads: 1 });
    for (const count of [1, unseen.labels.length]) {
      const images = normwise.tensor(unseen.images.slice(0, count * 144) as Float32Array, [count, 1, 12, 12]);
      const { logits } = await session.run({ images });
      expect(logits!.shape).toEqual([count, 3]);
      const distance = Math.max(...normwise.numbersOf(logits!).map((logit, i) => Math.abs(logit - expected[i]!)));
      expect(distance).toBeLessThan(1e-5); // sums in another order, in float32
    }
    await session.close();
  });
});

/** Trains briefly and says what part of unseen images is right. */
async function accuracyOf(network: normwise.Layer): Promise<{ accuracy: number; weights: readonly string[] }> {
  const runtime = nodeRuntime({ threads: 1 });
  const { model, epochs } = await normwise.train({
    network,
    runtime,
    data: otherStripes(600),
    epochs: 8,
    batch: 32,
    learningRate: 0.1,
    optimizer: normwise.sgd(),
  });
  const { accuracy } = await model.evaluate(otherStripes(90));
  await runtime.close();
  return { accuracy, weights: Object.keys(epochs[0]!.layers) };
}

describe("examples/own-metric.ts", () => {
  it("trains, and the weight before the norm is scale-invariant", async () => {
    const { accuracy, weights } = await accuracyOf(ownMetric.network);
    expect(accuracy).toBeGreaterThan(90);
    expect(weights).toEqual(["0.weight"]);
  });

  it("estimates the standard deviation of Gaussian values, and not of others", async () => {
    const graph = new normwise.Graph();
    const x = graph.input("x", [20_000]);
    const spread = normwise.estimate(ownMetric.l1, x, [0], 20_000);
    const { referenceRuntime } = await import("normwise/reference");
    const session = await referenceRuntime().load({ graph, outputs: { spread } });
    const random = normwise.randomStream(1, "gauss");
    const of = async (draw: () => number): Promise<number> =>
      Number((await session.run({ x: normwise.tensor(Array.from({ length: 20_000 }, draw)) })).spread!.data[0]);
    expect(await of(() => 3 * random.normal())).toBeCloseTo(3, 1);
    expect(await of(() => (random.uniform() < 0.5 ? -3 : 3))).toBeCloseTo(3 * Math.sqrt(Math.PI / 2), 5);
  });
});

describe("examples/own-layer.ts", () => {
  it("trains, with its own parameter, and lets the weight before it be scale-invariant", async () => {
    const { accuracy, weights } = await accuracyOf(ownLayer.network);
    expect(accuracy).toBeGreaterThan(90);
    expect(weights).toEqual(["0.weight"]);
  });

  it("starts where it says", () => {
    const scope = new normwise.Scope(new normwise.Graph(), { training: true });
    const y = ownLayer.prelu(0.5).apply(scope.graph.input("x", [1, 2, 2, 2]), scope);
    expect(y.shape).toEqual([1, 2, 2, 2]);
    expect(scope.parameters).toMatchObject([{ name: "slope", role: "gain", scaleInvariance: "none" }]);
    expect([...scope.parameters[0]!.initializer([2], normwise.randomStream(1), () => expect.fail())]).toEqual([
      0.5, 0.5,
    ]);
  });
});

it.each(["train-on-arrays", "own-metric", "own-layer"])("the README shows examples/%s.ts as it is", async (name) => {
  const readme = await readFile(join(home, "README.md"), "utf8");
  const shown = readme.split(`<!-- examples/${name}.ts -->`)[1]?.match(/```ts\n(.*?)```/s)?.[1];
  expect(shown).toBe(await readFile(join(home, `examples/${name}.ts`), "utf8"));
});

it("operations of graphs and layers of networks have entries of their own", () => {
  expect(add).toBeTypeOf("function");
  expect(normwise).not.toHaveProperty("add");
  expect(normwise).not.toHaveProperty("nodeRuntime");
});
