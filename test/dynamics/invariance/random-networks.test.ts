import { describe, expect, it } from "vitest";
import { type RandomStream, randomStream, type Tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import { normal } from "../../support/random-tensors.js";
import { analysedAndTried } from "./tried.js";

// Networks put together at random: whatever the analysis says of their weights is tried by numbers, in both directions.

/** A network under construction: [3, C, 4, 4] values so far, and random numbers for its weights. */
class RandomNetwork {
  readonly graph = new g.Graph();
  readonly feeds: Record<string, Tensor> = { x: normal("x", [3, 4, 4, 4]) };
  readonly weights: { name: string; value: g.Value }[] = [];
  readonly values: g.Value[] = [this.graph.input("x", [3, 4, 4, 4])];

  constructor(readonly random: RandomStream) {}

  weight(shape: readonly number[], mean = 0): g.Value {
    const name = `w${this.weights.length}`;
    this.feeds[name] = normal(`${name} ${shape}`, shape, mean, 0.6);
    const value = this.graph.input(name, shape);
    this.weights.push({ name, value });
    return value;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random.integer(list.length)]!;
  }

  grow(): void {
    const x = this.random.uniform() < 0.75 ? this.values.at(-1)! : this.pick(this.values.slice(1).concat(this.values));
    this.values.push(this.pick(operations)(x, this));
  }
}

const perChannel = (v: g.Value): g.Value => g.reshape(v, [1, -1, 1, 1]);

function standardized(x: g.Value, axes: number[]): g.Value {
  const centred = g.sub(x, g.reduceMean(x, axes));
  return g.div(centred, g.sqrt(g.add(g.reduceMean(g.square(centred), axes), 1e-20)));
}

function groupNormed(x: g.Value): g.Value {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return g.reshape(standardized(g.reshape(x, [n, 2, c / 2, h, w]), [2, 3, 4]), x.shape);
}

function shuffled(x: g.Value): g.Value {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return g.reshape(g.transpose(g.reshape(x, [n, 2, c / 2, h, w]), [0, 2, 1, 3, 4]), x.shape);
}

type Operation = (x: g.Value, network: RandomNetwork) => g.Value;

const convolution =
  (size: number, groups: number): Operation =>
  (x, network) =>
    g.conv2d(x, network.weight([network.pick([4, 6]), x.shape[1]! / groups, size, size]), {
      padding: (size - 1) / 2,
      groups,
    });

const operations: readonly Operation[] = [
  convolution(1, 1),
  convolution(3, 1),
  convolution(1, 2),
  (x, n) => g.conv2d(x, n.weight([x.shape[1]!, 1, 3, 3]), { groups: x.shape[1]!, padding: 1 }),
  (x, n) => g.add(x, perChannel(n.weight([x.shape[1]!]))),
  (x, n) => g.mul(x, perChannel(n.weight([x.shape[1]!], 1))),
  (x) => standardized(x, [0, 2, 3]),
  (x) => standardized(x, [0, 2, 3]),
  (x) => standardized(x, [1]),
  (x) => standardized(x, [2, 3]),
  groupNormed,
  g.relu,
  g.relu,
  (x) => g.maximum(x, g.mul(x, 0.1)),
  (x) => g.maxPool2d(x, { kernel: 3, stride: 1, padding: 1 }),
  (x) => g.averagePool2d(x, { kernel: 3, stride: 1, padding: 1 }),
  (x) => g.mul(x, g.sigmoid(x)),
  (x, n) => {
    const alike = n.values.filter((other) => other !== x && String(other.shape) === String(x.shape));
    return alike.length > 0 ? g.add(x, n.pick(alike)) : g.neg(x);
  },
  (x, n) => {
    const others = n.values.filter(({ shape }) => shape[1]! + x.shape[1]! <= 10);
    return others.length > 0 ? g.concat([x, n.pick(others)], 1) : shuffled(x);
  },
  (x) => (x.shape[1]! > 4 ? g.sliceAxis(x, 1, 0, 4) : shuffled(x)),
  shuffled,
  (x) => g.sub(x, g.reduceMean(x, [2, 3])),
];

describe("networks put together at random", () => {
  const networks = Array.from({ length: 150 }, (_, seed) => {
    const network = new RandomNetwork(randomStream(seed, "random network"));
    while (network.values.length < 10 || network.weights.length < 2) network.grow();
    return network;
  });
  const missed: string[] = [];

  it.each(networks.map((network, seed) => [seed, network] as const))(
    "number %i: what is called invariant is",
    (_, network) => {
      analysedAndTried([network.values.at(-1)!], network.weights, network.feeds, missed);
    },
  );

  it("less than 1% of the weights are called none, or coarser than they are, though they are not", () => {
    const all = networks.reduce((sum, { weights }) => sum + weights.length, 0);
    expect(all).toBeGreaterThan(400);
    expect(missed.length / all, missed.join("\n")).toBeLessThan(0.01);
  });
});
