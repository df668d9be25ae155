import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.js";
import { add, type Layer, type ScaleInvariance } from "../../src/graph/index.js";
import { resnetCifar, vgg } from "../../src/models/index.js";
import {
  averagePool2d,
  conv2d,
  flatten,
  globalAveragePool,
  linear,
  maxPool2d,
  relu,
  sequential,
  tanh,
} from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";
import { buildLayer, outputOf, relativeDistance, scaleChannels } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";

// Which weights are scale-invariant is declared by the layers. Here it is tried: the channels of each weight are scaled
// by factors of their own, and the float64 reference tells whether the network's output in training moves.

const bn = (): Layer => batchNorm({ epsilon: 1e-14 });
const image = normal("image", [4, 3, 6, 6]);

/** What is declared of each weight, and how far the output moves when its channels are scaled. */
function tried(network: Layer, x: Tensor = image): Record<string, { declared: ScaleInvariance; moved: number }> {
  const built = buildLayer(network, x);
  const before = outputOf(built, built.feeds);
  expect(Math.hypot(...before)).toBeGreaterThan(0.1);
  const weights = built.scope.parameters.filter(({ role }) => role === "weight");
  return Object.fromEntries(
    weights.map(({ name, scaleInvariance }) => {
      const scaled = scaleChannels(built.feeds[name]!, (channel) => (channel % 2 === 0 ? 3 : 0.5));
      const after = outputOf(built, { ...built.feeds, [name]: scaled });
      return [name, { declared: scaleInvariance, moved: relativeDistance(after, before) }];
    }),
  );
}

/** Expects what is declared to be what is: nothing moves where `channel` is declared, everything where `none` is. */
function expectTrue(trial: ReturnType<typeof tried>): void {
  for (const [name, { declared, moved }] of Object.entries(trial)) {
    if (declared === "none") expect(moved, name).toBeGreaterThan(1e-3);
    else expect(moved, name).toBeLessThan(1e-9);
  }
}

const declarations = (trial: ReturnType<typeof tried>): Record<string, ScaleInvariance> =>
  Object.fromEntries(Object.entries(trial).map(([name, { declared }]) => [name, declared]));

describe("models", () => {
  it("VGG-11: all convolutions are invariant per channel, the classifier is not", () => {
    const trial = tried(vgg({ width: 1 / 16, norm: bn }), normal("vgg", [4, 3, 32, 32]));
    expectTrue(trial);
    const { "classifier.weight": last, ...convolutions } = declarations(trial);
    expect(last).toBe("none");
    expect(Object.values(convolutions)).toEqual(new Array(8).fill("channel"));
  });

  it("ResNet-20: likewise", () => {
    const trial = tried(resnetCifar({ width: 1 / 8, norm: bn }), normal("resnet", [3, 3, 32, 32]));
    expectTrue(trial);
    const { "fc.weight": last, ...convolutions } = declarations(trial);
    expect(last).toBe("none");
    expect(Object.values(convolutions)).toEqual(new Array(19).fill("channel"));
  });
});

/** Adds to the output of its inside, so that what follows does not absorb the scale of the inside alone. */
const residual = (...inside: readonly Layer[]): Layer => ({
  kind: "residual",
  apply: (x, scope) => add(sequential(...inside).apply(x, scope.enclosed()), x),
});

const head = [globalAveragePool(), linear(4)] as const;

describe("sequences", () => {
  it.each<[string, readonly Layer[], Record<string, ScaleInvariance>]>([
    ["a norm right behind: also with a bias, which it cancels", [conv2d(5), bn()], { "0.weight": "channel" }],
    ["no norm", [conv2d(5), relu()], { "0.weight": "none" }],
    ["ReLU between, no bias", [conv2d(5, { bias: false }), relu(), bn()], { "0.weight": "channel" }],
    ["ReLU between, with a bias", [conv2d(5), relu(), bn()], { "0.weight": "none" }],
    [
      "poolings between, no bias",
      [conv2d(5, { bias: false }), maxPool2d({ kernel: 3, stride: 1, padding: 1 }), averagePool2d(2), relu(), bn()],
      { "0.weight": "channel" },
    ],
    ["tanh between", [conv2d(5, { bias: false }), tanh(), bn()], { "0.weight": "none" }],
    [
      "two convolutions before one norm: it does not absorb channels of the first",
      [conv2d(5, { bias: false }), conv2d(4, { bias: false }), bn()],
      { "0.weight": "none", "1.weight": "channel" },
    ],
    ["groups", [conv2d(6, { groups: 3, bias: false }), relu(), bn()], { "0.weight": "channel" }],
    [
      "the norm in a nested sequence behind it is what follows inside, too",
      [sequential(conv2d(5, { bias: false }), relu()), bn()],
      { "0.0.weight": "channel" },
    ],
    [
      "a residual block before a norm",
      [conv2d(3, { bias: false }), bn(), residual(conv2d(3, { bias: false })), bn()],
      { "0.weight": "channel", "2.0.weight": "none" },
    ],
  ])("%s", (_, layers, expected) => {
    const trial = tried(sequential(...layers, ...head));
    expectTrue(trial);
    expect(declarations(trial)).toMatchObject(expected);
  });

  it("maximum pooling with a bias is invariant, but a shift is not followed that far: declared on the safe side", () => {
    const { "0.weight": weight } = tried(sequential(conv2d(5), maxPool2d(2), bn(), ...head));
    expect(weight).toEqual({ declared: "none", moved: expect.closeTo(0, 9) });
  });

  it("a linear layer before a norm, on features", () => {
    const trial = tried(
      sequential(flatten(), linear(7), bn(), relu(), linear(5, { bias: false }), relu(), bn(), linear(3)),
    );
    expectTrue(trial);
    expect(Object.values(declarations(trial))).toEqual(["channel", "channel", "none"]);
  });
});
