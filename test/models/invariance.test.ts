import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.js";
import { add, type Layer, type ScaleInvariance } from "../../src/graph/index.js";
import { type NormalizationOptions, resnet, resnetCifar, vgg } from "../../src/models/index.js";
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
import {
  batchNorm,
  boundedWeightNorm,
  forcedWeightNorm,
  ghostBatchNorm,
  groupNorm,
  instanceNorm,
  l1,
  lInf,
  meanOnlyBatchNorm,
  type NormFactory,
  type WeightNorm,
  weightNorm,
  weightStandardization,
} from "../../src/norm/index.js";
import { buildLayer, outputOf, relativeDistance, scaleChannels } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";

// Which weights are scale-invariant is declared by the layers. Here it is tried: the channels of each weight are scaled
// by factors of their own, and the float64 reference tells whether the network's output in training moves.

const bn = (): Layer => batchNorm({ epsilon: 1e-14 });
const image = normal("image", [4, 3, 6, 6]);

/** What is declared of a weight, and how far the output moves when its channels, or all of it, are scaled, or turned. */
interface Trial {
  readonly declared: ScaleInvariance;
  readonly moved: number;
  readonly movedAsWhole: number;
  readonly turned: number;
}

function tried(network: Layer, x: Tensor = image): Record<string, Trial> {
  const built = buildLayer(network, x);
  const before = outputOf(built, built.feeds);
  expect(Math.hypot(...before)).toBeGreaterThan(0.1);
  const weights = built.scope.parameters.filter(({ role }) => role === "weight");
  return Object.fromEntries(
    weights.map(({ name, scaleInvariance: declared }) => {
      const weight = built.feeds[name]!;
      const movedTo = (changed: Tensor): number =>
        relativeDistance(outputOf(built, { ...built.feeds, [name]: changed }), before);
      const moved = movedTo(scaleChannels(weight, (channel) => (channel % 2 === 0 ? 3 : 0.5)));
      const movedAsWhole = declared === "tensor" ? movedTo(scaleChannels(weight, () => 3)) : moved;
      const turned = movedTo({ ...weight, data: weight.data.slice().reverse() });
      return [name, { declared, moved, movedAsWhole, turned }];
    }),
  );
}

/**
 * Expects what is declared to be what is: nothing moves where `channel` is declared, everything where `none` is, and
 * where `tensor` is nothing as long as all channels are scaled alike. A weight of another direction always matters.
 */
function expectTrue(trial: ReturnType<typeof tried>): void {
  for (const [name, { declared, moved, movedAsWhole, turned }] of Object.entries(trial)) {
    expect(turned, name).toBeGreaterThan(1e-3);
    if (declared === "channel") expect(moved, name).toBeLessThan(1e-9);
    else expect(moved, name).toBeGreaterThan(1e-3);
    if (declared === "tensor") expect(movedAsWhole, name).toBeLessThan(1e-9);
  }
}

const declarations = (trial: ReturnType<typeof tried>): Record<string, ScaleInvariance> =>
  Object.fromEntries(Object.entries(trial).map(([name, { declared }]) => [name, declared]));

const networks: readonly [string, Tensor, (options: NormalizationOptions) => Layer][] = [
  ["VGG-11", normal("vgg", [4, 3, 32, 32]), (options) => vgg({ width: 1 / 16, ...options })],
  ["ResNet-20", normal("resnet", [4, 3, 32, 32]), (options) => resnetCifar({ width: 1 / 4, ...options })],
  ["ResNet-18", normal("resnet 18", [4, 3, 16, 16]), (options) => resnet({ width: 1 / 16, ...options })],
  [
    "ResNet-50",
    normal("resnet 50", [4, 3, 33, 33]),
    (options) => resnet({ depth: 50, stem: "imagenet", width: 1 / 16, ...options }),
  ],
];

describe.each(networks)("%s", (network, images, make) => {
  const biased = network === "VGG-11"; // its convolutions have a bias whatever follows

  it.each<[string, NormFactory, ScaleInvariance]>([
    ["batch-norm", bn, "channel"],
    ["L1 batch-norm", () => batchNorm({ metric: l1(), epsilon: 1e-14 }), "channel"],
    ["L∞ batch-norm", () => batchNorm({ metric: lInf(), epsilon: 1e-14 }), "channel"],
    ["ghost batch-norm", () => ghostBatchNorm({ size: 2, epsilon: 1e-14 }), "channel"],
    ["instance norm", () => instanceNorm({ epsilon: 1e-14 }), "channel"],
    ["group norm", () => groupNorm({ groups: 2, epsilon: 1e-14 }), biased ? "none" : "tensor"],
    ["mean-only batch-norm", () => meanOnlyBatchNorm(), "none"],
    ["none", "none", "none"],
  ])("with %s: what is declared of all convolutions is true, the classifier is not invariant", (_, norm, expected) => {
    const trial = tried(make({ norm }), images);
    expectTrue(trial);
    const all = Object.values(declarations(trial));
    expect(all.at(-1)).toBe("none");
    expect(new Set(all.slice(0, -1))).toEqual(new Set([expected]));
  });

  it.each<[string, WeightNorm]>([
    ["weight norm", weightNorm()],
    ["bounded L1 weight norm", boundedWeightNorm({ metric: l1() })],
    ["forced weight norm", forcedWeightNorm()],
    ["weight standardization", weightStandardization({ epsilon: 1e-18 })],
  ])("with %s and nothing else: all weights are invariant but the classifier's, which stays plain", (_, weightNorm) => {
    const trial = tried(make({ norm: "none", weightNorm }), images);
    expectTrue(trial);
    const all = Object.values(declarations(trial));
    expect(all.at(-1)).toBe("none");
    expect(new Set(all.slice(0, -1))).toEqual(new Set(["channel"]));
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
    expect(weight).toMatchObject({ declared: "none", moved: expect.closeTo(0, 9) });
  });

  it("a linear layer before a norm, on features", () => {
    const trial = tried(
      sequential(flatten(), linear(7), bn(), relu(), linear(5, { bias: false }), relu(), bn(), linear(3)),
    );
    expectTrue(trial);
    expect(Object.values(declarations(trial))).toEqual(["channel", "channel", "none"]);
  });
});
