import { describe, expect, it } from "vitest";
import { analyzeInvariance } from "../../src/dynamics/index.js";
import { fullPrecision, Graph, type Layer, type Precision } from "../../src/graph/index.js";
import { lstmTranslator, resnet, resnetCifar, type Translator, transformer, vgg } from "../../src/models/index.js";
import {
  batchNorm,
  boundedWeightNorm,
  forcedWeightNorm,
  ghostBatchNorm,
  groupNorm,
  instanceNorm,
  l1,
  layerNorm,
  lInf,
  meanOnlyBatchNorm,
  rmsNorm,
  topK,
  weightNorm,
  weightStandardization,
} from "../../src/norm/index.js";
import { imageClassification } from "../../src/train/image-objective.js";
import { type Objective, translation } from "../../src/train/index.js";
import { invariantGroups } from "../../src/train/invariant-groups.js";
import { networkScope } from "../../src/train/network-scope.js";

// What layers declare of their weights (Scope) against what the analysis of the whole graph finds, in every model.

interface Compared {
  /** Weights of which the analysis says what the layer declares. */
  readonly agreed: string[];
  /** Weights of which it finds more than is declared: invariant where none is declared, finer groups, or another axis. */
  readonly finer: string[];
  /** Weights that are declared to be more than it finds. */
  readonly less: string[];
}

const rank = { none: 0, joint: 0, tensor: 1, head: 2, channel: 3 } as const;

function compared(objective: Objective, shape: readonly number[], precision: Precision = fullPrecision): Compared {
  const scope = networkScope(new Graph(), { training: true, precision });
  const { loss } = objective.apply(scope, shape);
  const { parameters } = scope;
  const found = analyzeInvariance([loss], parameters);
  const result: Compared = { agreed: [], finer: [], less: [] };
  for (const [index, { name, scaleInvariance: declared }] of parameters.entries()) {
    const { invariance, withoutEffect } = found[index]!;
    if (withoutEffect) continue;
    const difference = rank[invariance] - rank[declared];
    if (difference > 0) result.finer.push(`${name}: ${declared} → ${invariance}`);
    else (difference < 0 ? result.less : result.agreed).push(name);
  }
  return result;
}

const images = (network: Layer, size = 32): [Objective, readonly number[]] => [
  imageClassification({ network, shape: [3, size, size], pixels: "uint8", mean: [0, 0, 0], std: [1, 1, 1] }),
  [4],
];

const norms = {
  "batch-norm": () => batchNorm(),
  "L1 batch-norm": () => batchNorm({ metric: l1() }),
  "L∞ batch-norm": () => batchNorm({ metric: lInf() }),
  "Top10 batch-norm": () => batchNorm({ metric: topK(10) }),
  "ghost batch-norm": () => ghostBatchNorm({ size: 2 }),
  "group norm": () => groupNorm({ groups: 2 }),
  "instance norm": () => instanceNorm(),
  "mean-only batch-norm": () => meanOnlyBatchNorm(),
  none: "none" as const,
};
const weightNorms = {
  "weight norm": weightNorm(),
  "weight norm per layer": weightNorm({ per: "layer" }),
  "bounded weight norm": boundedWeightNorm(),
  "bounded L1 weight norm": boundedWeightNorm({ metric: l1() }),
  "forced weight norm": forcedWeightNorm(),
  "weight standardization": weightStandardization(),
};
type Model = (options: {
  norm: (typeof norms)[keyof typeof norms];
  weightNorm?: ReturnType<typeof weightNorm>;
}) => Layer;
const models: Readonly<Record<string, readonly [Model, number]>> = {
  "VGG-11": [(options) => vgg({ width: 1 / 16, ...options }), 32],
  "ResNet-20": [(options) => resnetCifar({ width: 1 / 4, ...options }), 32],
  "ResNet-18": [(options) => resnet({ width: 1 / 16, ...options }), 16],
  "ResNet-50": [(options) => resnet({ depth: 50, stem: "imagenet", width: 1 / 16, ...options }), 33],
};
const small = { vocabulary: 7, width: 4, layers: 2, heads: 2, feedForward: 6 };
const translators: Readonly<Record<string, Translator>> = {
  "transformer, pre-norm": transformer(small),
  "transformer, post-norm": transformer({ ...small, preNorm: false }),
  "transformer, RMS norm, not tied": transformer({ ...small, norm: () => rmsNorm(), tied: false }),
  "transformer, weight norm, no norm": transformer({ ...small, norm: "none", weightNorm: weightNorm() }),
  "transformer, bounded weight norm": transformer({ ...small, norm: "none", weightNorm: boundedWeightNorm() }),
  lstm: lstmTranslator({ vocabulary: 7, width: 4 }),
  "lstm, layer norm": lstmTranslator({ vocabulary: 7, width: 4, norm: () => layerNorm() }),
  "lstm, weight norm, not tied": lstmTranslator({ vocabulary: 7, width: 4, weightNorm: weightNorm(), tied: false }),
  "lstm, bounded weight norm": lstmTranslator({ vocabulary: 7, width: 4, weightNorm: boundedWeightNorm() }),
};

const all: [string, [Objective, readonly number[]], Precision?][] = [
  ...Object.entries(models).flatMap(([model, [make, size]]) => [
    ...Object.entries(norms).map(([norm, factory]): (typeof all)[number] => [
      `${model}, ${norm}`,
      images(make({ norm: factory }), size),
    ]),
    ...Object.entries(weightNorms).map(([name, weightNorm]): (typeof all)[number] => [
      `${model}, ${name}`,
      images(make({ norm: "none", weightNorm }), size),
    ]),
  ]),
  ...Object.entries(translators).map(([name, network]): (typeof all)[number] => [
    name,
    [translation(network), [2, 5, 4]],
  ]),
];

it("there is a case for every model with each norm and weight norm", () => {
  expect(all).toHaveLength(4 * (9 + 6) + 9);
});

it.each(all)("%s: the analysis finds what layers declare, or more", (name, [objective, shape]) => {
  const { agreed, finer, less } = compared(objective, shape);
  expect(less).toEqual([]);
  expect(agreed.length).toBeGreaterThan(10);
  // Where it finds more: the groups of a group norm, each on its own, and the two products in each layer-normed LSTM cell.
  if (name.endsWith("group norm") && !name.startsWith("VGG")) {
    expect(finer.length).toBeGreaterThan(10);
    for (const each of finer) expect(each).toMatch(/weight: tensor → head$/);
  } else if (name === "lstm, layer norm") {
    const cells = ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0", "decoder.layers.1"];
    const wanted = cells.flatMap((cell) => [`${cell}.weight_ih`, `${cell}.weight_hh`]);
    expect(finer).toEqual(wanted.map((weight) => `${weight}: none → tensor`));
  } else expect(finer).toEqual([]);
});

it.each(["float16", "bfloat16"] as const)("values stored in %s change nothing of it", (storage) => {
  const [objective, shape] = images(vgg({ width: 1 / 16 }));
  const full = compared(objective, shape);
  expect(compared(objective, shape, { ...fullPrecision, storage })).toEqual(full);
  expect(full.less).toEqual([]);
});

describe("the axes that optimizers take norms over", () => {
  function axes(objective: Objective, shape: readonly number[]): Record<string, readonly number[]> {
    const scope = networkScope(new Graph(), { training: true });
    const { loss } = objective.apply(scope, shape);
    const found = invariantGroups(loss, scope.parameters);
    return Object.fromEntries([...found].map(([{ name }, each]) => [name, each]));
  }

  it("are all but the channels' behind a batch-norm, for convolutions only", () => {
    const found = axes(...images(vgg({ width: 1 / 16 })));
    expect(Object.keys(found)).toEqual([0, 4, 8, 11, 15, 18, 22, 25].map((layer) => `features.${layer}.weight`));
    expect(new Set(Object.values(found).map(String))).toEqual(new Set(["1,2,3"]));
  });

  it("are all behind a group norm, whose groups of channels are taken together", () => {
    const found = axes(...images(resnetCifar({ width: 1 / 4, norm: () => groupNorm({ groups: 2 }) })));
    expect(Object.keys(found)).toHaveLength(19);
    expect(new Set(Object.values(found).map(String))).toEqual(new Set(["0,1,2,3"]));
  });

  it("are none where nothing is scale-invariant on its own: without norms, ReLU's pairs are so only jointly", () => {
    expect(axes(...images(vgg({ width: 1 / 16, norm: "none" })))).toEqual({});
  });
});
