import { describe, expect, it } from "vitest";
import { numbersOf, type Tensor, tensor } from "../../src/core/index.js";
import { Graph, type Layer, Scope } from "../../src/graph/index.js";
import { conv2d, flatten, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";
import { adam, type Optimizer, sgd } from "../../src/optim/index.js";
import { evaluate, referenceRuntime } from "../../src/reference/index.js";
import { imageClassification, rescaleInput, rescaleProgram, slotName, trainingStep } from "../../src/train/index.js";
import { buildLayer, outputOf, relativeDistance } from "../support/layers.js";
import { normal, uniform } from "../support/random-tensors.js";

// Scaling a scale-invariant weight by c and its momentum by 1/c must not change what the network computes: not in
// training, where the batch's statistics follow by themselves, and not in evaluation, where the running ones are to.

const image = normal("image", [4, 3, 6, 6]);
const tiny = { epsilon: 1e-14 }; // ε follows in its own way

const networks: readonly (readonly [string, Layer])[] = [
  ["no biases", sequential(conv2d(5, { bias: false }), batchNorm(tiny), relu(), globalAveragePool(), linear(3))],
  [
    "biases, which the scaling leaves alone",
    sequential(conv2d(5), batchNorm(tiny), flatten(), linear(4), batchNorm(tiny), linear(3)),
  ],
  ["ReLU between", sequential(conv2d(5, { bias: false }), relu(), batchNorm(tiny), flatten(), linear(3))],
  ["flattened between", sequential(conv2d(5, { bias: false }), flatten(), batchNorm(tiny), linear(3))],
];

describe.each(networks)("rescaling, %s", (_, network) => {
  const stepWith = (optimizer: Optimizer) =>
    trainingStep({
      objective: imageClassification({
        network,
        shape: [3, 6, 6],
        pixels: "float32",
        mean: [0, 0, 0],
        std: [1, 1, 1],
      }),
      shape: [4],
      optimizer,
    });
  const step = stepWith(sgd());
  const evaluated = buildLayer(network, image, { training: false });
  const trained = buildLayer(network, image);
  const momenta = Object.fromEntries(
    step.slots.map(({ name, parameter }) => [name, normal(name, parameter.value.shape)] as const),
  );
  const before = { ...evaluated.feeds, ...momenta };

  async function rescaled(held: typeof before = before, of = step): Promise<Record<string, Tensor>> {
    const runtime = referenceRuntime();
    const state = await runtime.createState(held);
    const session = await runtime.load(rescaleProgram(of));
    const feeds = step.tracked.map(({ name, value }) => {
      const factors = uniform(`factors ${name}`, [value.shape[0]!], 0.2, 5);
      return [
        rescaleInput(name),
        tensor(factors.data, [value.shape[0]!, ...value.shape.slice(1).map(() => 1)]),
      ] as const;
    });
    await session.run(Object.fromEntries(feeds), { state });
    return state.read();
  }

  it("moves the weights, and neither evaluation nor training", async () => {
    const after = await rescaled();
    expect(step.tracked.length).toBeGreaterThan(0);
    for (const { name } of step.tracked) {
      expect(relativeDistance(numbersOf(after[name]!), numbersOf(before[name]!))).toBeGreaterThan(0.1);
    }
    for (const built of [evaluated, trained]) {
      expect(relativeDistance(outputOf(built, { ...after, x: image }), outputOf(built, before))).toBeLessThan(1e-10);
    }
  });

  it("moves momentum the other way, so that it stays ⟨w, m⟩", async () => {
    const after = await rescaled();
    for (const { name } of step.tracked) {
      const slot = slotName("momentum", name);
      const product = (held: Readonly<Record<string, Tensor>>): number =>
        numbersOf(held[name]!).reduce((sum, w, i) => sum + w * Number(held[slot]!.data[i]), 0);
      expect(product(after)).toBeCloseTo(product(before), 10);
    }
  });

  it("leaves Adam's update as it is: the second moment moves with the square of the first", async () => {
    const adaptive = stepWith(adam());
    const moments = adaptive.slots.map(
      ({ name, parameter }) => [name, uniform(name, parameter.value.shape, 1, 2)] as const,
    );
    const held = { ...evaluated.feeds, ...Object.fromEntries(moments) };
    const after = await rescaled(held, adaptive);
    for (const { name } of adaptive.tracked) {
      const [first, second] = ["firstMoment", "secondMoment"].map((slot) => slotName(slot, name)) as [string, string];
      const update = (of: Readonly<Record<string, Tensor>>): number[] =>
        numbersOf(of[first]!).map((m, i) => m / Math.sqrt(Number(of[second]!.data[i])));
      expect(relativeDistance(numbersOf(after[second]!), numbersOf(held[second]!))).toBeGreaterThan(0.1);
      expect(relativeDistance(update(after), update(held))).toBeLessThan(1e-10);
    }
  });
});

it("running statistics follow in the step, too, around the bias", () => {
  const network = sequential(linear(4), batchNorm());
  const x = normal("features", [8, 3]);
  const next = (statisticsScale: number): readonly Tensor[] => {
    const graph = new Graph();
    const following = { epsilonScale: graph.constant(1), statisticsScale: graph.constant(statisticsScale) };
    const scope = new Scope(graph, { training: true, following });
    network.apply(graph.input("x", [8, 3]), scope);
    return evaluate(
      scope.buffers.map((buffer) => buffer.next!),
      built.feeds,
    );
  };
  const built = buildLayer(network, x);
  const bias = numbersOf(built.feeds["0.bias"]!);
  const [[mean, variance], [mean3, variance3]] = [next(1), next(3)] as [[Tensor, Tensor], [Tensor, Tensor]];
  for (const [channel, b] of bias.entries()) {
    expect(Number(mean3.data[channel])).toBeCloseTo(3 * (Number(mean.data[channel]) - b) + b, 12);
    expect(Number(variance3.data[channel])).toBeCloseTo(9 * Number(variance.data[channel]), 11);
  }
});
