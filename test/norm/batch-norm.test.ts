import { describe, expect, it } from "vitest";
import { InvalidArgumentError, type Shape, ShapeError, type Tensor, tensor } from "../../src/core/index.js";
import { abs, type Layer, reduceMean, type Value } from "../../src/graph/index.js";
import { conv2d, linear, sequential } from "../../src/nn/index.js";
import { type BatchNormOptions, batchNorm, l2, type Metric } from "../../src/norm/index.js";
import { checkBuiltGradient } from "../support/gradient-check.js";
import {
  type BuildLayerOptions,
  type BuiltLayer,
  buildLayer,
  gradientsOf,
  numbers,
  outputOf,
  relativeDistance,
} from "../support/layers.js";
import { normal } from "../support/random-tensors.js";

/** A metric of power 1, to hold what is said of metrics against more than one of them. */
const meanAbsolute: Metric = {
  name: "l1",
  power: 1,
  statistic: (centred, axes) => reduceMean(abs(centred), axes),
  gaussianConstant: () => Math.sqrt(Math.PI / 2),
};

/** Each metric, and its σᵖ of centred numbers written out; `kept` is what the running statistic takes of it. */
const metrics: readonly (readonly [string, Metric, (x: number[]) => number, (power: number, n: number) => number])[] = [
  ["l2", l2(), (x) => mean(x.map((v) => v * v)), (variance, n) => (variance * n) / (n - 1)],
  ["l1", meanAbsolute, (x) => Math.sqrt(Math.PI / 2) * mean(x.map(Math.abs)), (scale) => scale],
];
const shapes: readonly (readonly [string, Shape])[] = [
  ["[N, C]", [6, 3]],
  ["[N, C, H, W]", [4, 3, 2, 3]],
];
const cases = metrics.flatMap(([name, ...metric]) =>
  shapes.map(([layout, shape]) => [`${name}, ${layout}`, ...metric, shape] as const),
);

const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;
const channelOf = (shape: Shape, index: number): number =>
  Math.floor(index / shape.slice(2).reduce((product, size) => product * size, 1)) % shape[1]!;
const input = (shape: Shape): Tensor => normal(`batch norm ${shape}`, shape, 0.7, 1.5);
const build = (options: BatchNormOptions, shape: Shape, how?: BuildLayerOptions): BuiltLayer =>
  buildLayer(batchNorm(options), input(shape), how);

/** The elements of each channel. */
function byChannel(x: ArrayLike<number>, shape: Shape): number[][] {
  const channels: number[][] = Array.from({ length: shape[1]! }, () => []);
  Array.from(x, (value, index) => channels[channelOf(shape, index)]!.push(value));
  return channels;
}

/** What the formula of batch-norm gives, with loops. */
function byHand(
  feeds: Readonly<Record<string, Tensor>>,
  epsilon: number,
  power: number,
  statistics: (channel: number) => { readonly centre: number; readonly spread: number },
): number[] {
  const x = feeds.x!;
  return Array.from(x.data as Float32Array, (value, index) => {
    const channel = channelOf(x.shape, index);
    const { centre, spread } = statistics(channel);
    const divisor = power === 2 ? Math.sqrt(spread + epsilon) : spread + epsilon;
    const [gain, shift] = [feeds.weight, feeds.bias].map((held, i) => Number(held?.data[channel] ?? 1 - i));
    return (gain! * (value - centre)) / divisor + shift!;
  });
}

describe.each(cases)("batchNorm, %s", (_name, metric, spreadOf, keptOf, shape) => {
  const epsilon = 0.1; // large, so that its place in the formula shows
  const channels = byChannel(input(shape).data as Float32Array, shape);
  const batchStatistics = (channel: number) => {
    const centre = mean(channels[channel]!);
    return { centre, spread: spreadOf(channels[channel]!.map((x) => x - centre)) };
  };

  it("is its formula, in training", () => {
    const built = build({ metric, epsilon }, shape);
    const expected = byHand(built.feeds, epsilon, metric.power, batchStatistics);
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-12);
  });

  it("is its formula without γ and β", () => {
    const built = build({ metric, epsilon, affine: false }, shape);
    expect(built.scope.parameters).toEqual([]);
    const expected = byHand(built.feeds, epsilon, metric.power, batchStatistics);
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-12);
  });

  it("lets ε follow the norm: times s where it is squared with σ, √s where it is not", () => {
    const built = build({ metric, epsilon }, shape, { following: { epsilonScale: 9 } });
    const expected = byHand(built.feeds, metric.power === 2 ? 9 * epsilon : 3 * epsilon, metric.power, batchStatistics);
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-12);
  });

  it("uses the running statistics in evaluation, and leaves them alone", () => {
    const built = build({ metric, epsilon }, shape, { training: false });
    const [centres, spreads] = built.scope.buffers.map(({ name }) => built.feeds[name]!.data);
    const expected = byHand(built.feeds, epsilon, metric.power, (channel) => ({
      centre: Number(centres![channel]),
      spread: Number(spreads![channel]),
    }));
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-12);
    expect(built.scope.buffers.map(({ next }) => next)).toEqual([undefined, undefined]);
  });

  it("moves the running statistics by the momentum, the variance unbiased (PyTorch's convention)", () => {
    const built = build({ metric, epsilon, momentum: 0.25 }, shape);
    const { buffers } = built.scope;
    expect(buffers.map(({ name }) => name)).toEqual([
      "running_mean",
      metric.power === 2 ? "running_var" : "running_scale",
    ]);
    const [centres, spreads] = numbers(
      buffers.map(({ next }) => next!),
      built.feeds,
    );
    for (const [channel, values] of channels.entries()) {
      const { centre, spread } = batchStatistics(channel);
      const [oldCentre, oldSpread] = buffers.map(({ name }) => Number(built.feeds[name]!.data[channel]));
      expect(centres![channel]).toBeCloseTo(0.75 * oldCentre! + 0.25 * centre, 12);
      expect(spreads![channel]).toBeCloseTo(0.75 * oldSpread! + 0.25 * keptOf(spread, values.length), 12);
    }
  });

  it("lets the running statistics follow too, after the step", () => {
    const statistics = (statisticsScale: number): number[][] => {
      const built = build({ metric }, shape, { following: { epsilonScale: 1, statisticsScale } });
      return numbers(
        built.scope.buffers.map(({ next }) => next!),
        built.feeds,
      );
    };
    const [[centre, spread], [centreOf1, spreadOf1]] = [statistics(3), statistics(1)] as [number[][], number[][]];
    for (const channel of channels.keys()) {
      expect(centre![channel]).toBeCloseTo(3 * centreOf1![channel]!, 12);
      expect(spread![channel]).toBeCloseTo(3 ** metric.power * spreadOf1![channel]!, 11);
    }
  });

  it.each([
    ["training", {}],
    ["evaluation", { training: false }],
    ["training, ε following", { following: { epsilonScale: 2 } }],
  ] as const)("has the right gradient in %s", (_, how) => {
    const built = build({ metric, epsilon }, shape, how);
    const wanted = Object.fromEntries(["x", "weight", "bias"].map((name) => [name, built.graph.inputs.get(name)!]));
    checkBuiltGradient(
      built.feeds,
      { graph: built.graph, inputs: wanted, output: built.output },
      { wanted: Object.keys(wanted) },
    );
  });

  it("does not see the scale and shift of its input as ε → 0, and sees them at a large ε", () => {
    const moved = (x: Tensor): Tensor => {
      const data = Float64Array.from(x.data as Float32Array, (v, i) => v * (3 + channelOf(shape, i)) + 5);
      return { dtype: "float64", shape, data };
    };
    const distance = (added: number): number => {
      const built = build({ metric, epsilon: added }, shape);
      return relativeDistance(
        outputOf(built, { ...built.feeds, x: moved(built.feeds.x!) }),
        outputOf(built, built.feeds),
      );
    };
    expect(distance(1e-12)).toBeLessThan(1e-11);
    expect(distance(0.1)).toBeGreaterThan(1e-3);
  });

  it("gives β for a constant input, and a finite gradient", () => {
    const built = build({ metric }, shape);
    const constant = tensor(new Float32Array(input(shape).data.length).fill(7), shape);
    const feeds: Record<string, Tensor> = { ...built.feeds, x: constant };
    for (const [index, value] of outputOf(built, feeds).entries()) {
      expect(value).toBe(Number(feeds.bias!.data[channelOf(shape, index)]));
    }
    const slopes = gradientsOf(built, feeds, ["x", "weight", "bias"]);
    expect(slopes.flat().filter((slope) => !Number.isFinite(slope))).toEqual([]);
  });
});

describe.each(metrics)("a weight before batchNorm(%s)", (_name, metric) => {
  const norm = (epsilon: number): Layer => batchNorm({ metric, epsilon });
  const networks: readonly (readonly [string, (epsilon: number) => Layer, Shape])[] = [
    ["conv2d", (epsilon) => sequential(conv2d(3), norm(epsilon)), [3, 2, 4, 4]],
    ["linear", (epsilon) => sequential(linear(3), norm(epsilon)), [6, 4]],
  ];

  it.each(networks)(
    "has a gradient orthogonal to itself, ⟨w, ∇w⟩ = 0 in every channel: %s",
    (_kind, network, shape) => {
      const cosines = (epsilon: number): number[] => {
        const built = buildLayer(network(epsilon), normal("before", shape));
        const weight = Array.from(built.feeds["0.weight"]!.data as Float32Array);
        const [slope] = gradientsOf(built, built.feeds, ["0.weight"]);
        const length = weight.length / 3;
        return [0, 1, 2].map((channel) => {
          const [w, g] = [weight, slope!].map((all) => all.slice(channel * length, (channel + 1) * length));
          return Math.abs(w!.reduce((sum, x, i) => sum + x * g![i]!, 0)) / (Math.hypot(...w!) * Math.hypot(...g!));
        });
      };
      expect(Math.max(...cosines(1e-14))).toBeLessThan(1e-11);
      expect(Math.max(...cosines(0.1))).toBeGreaterThan(1e-4); // what ε takes away from it
    },
  );
});

describe("one value per channel", () => {
  const built = buildLayer(batchNorm(), normal("single", [1, 3]));

  it("gives β", () => {
    expect(outputOf(built, built.feeds)).toEqual(Array.from(built.feeds.bias!.data, Number));
  });

  it("leaves finite statistics and gradients", () => {
    const spread: Value = built.scope.buffers[1]!.next!;
    const slopes = gradientsOf(built, built.feeds, ["x", "weight", "bias"]);
    expect([...numbers(spread, built.feeds).flat(), ...slopes.flat()].every(Number.isFinite)).toBe(true);
  });
});

describe("wrong input", () => {
  it.each([
    [{ epsilon: 0 }, "batchNorm: expected epsilon > 0, got 0"],
    [{ epsilon: -1e-5 }, "got -0.00001"],
    [{ epsilon: Number.NaN }, "got NaN"],
    [{ momentum: 0 }, "momentum in (0, 1], got 0"],
    [{ momentum: 1.5 }, "got 1.5"],
  ])("%o is refused", (options, message) => {
    expect(() => batchNorm(options)).toThrow(InvalidArgumentError);
    expect(() => batchNorm(options)).toThrow(message);
  });

  it("a vector has no channels", () => {
    expect(() => buildLayer(batchNorm(), normal("vector", [4]))).toThrow(ShapeError);
  });
});
