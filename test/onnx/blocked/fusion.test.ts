import { describe, expect, it } from "vitest";
import { numbersOf, type Shape } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import { type NormAccumulator, neededValues, type Program, type Tensors } from "../../../src/graph/index.js";
import { resnet, resnetCifar, vgg } from "../../../src/models/index.js";
import * as n from "../../../src/norm/index.js";
import { simplify } from "../../../src/onnx/index.js";
import { expandFused } from "../../../src/onnx/lower/blocked/fusion/expand.js";
import { fuse } from "../../../src/onnx/lower/blocked/fusion/fuse.js";
import { evaluate } from "../../../src/reference/index.js";
import { evaluationProgram, networkScope } from "../../../src/train/index.js";
import { expectClose } from "../../support/compare.js";
import { imageProgram } from "../../support/image-programs.js";
import { normal, uniform } from "../../support/random-tensors.js";
import { type Case, stepOf } from "../../support/training-steps.js";

/** The images of {@link stepOf}. */
const smallImages = { shape: [3, 8, 8], pixels: "uint8", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;

/** As the blocked lowering prepares a program. */
const fused = (program: Program): Program => simplify(fuse(simplify(program)));

const resultsOf = ({ outputs, updates }: Program): [string, g.Value][] => Object.entries({ ...outputs, ...updates });

/** Results of both, in float64, to 1e-9 of the largest number of each, or of 1. */
function expectSame(program: Program, feeds: Tensors): void {
  const [expected, found] = [program, expandFused(fused(program))].map((one) =>
    evaluate(
      resultsOf(one).map(([, value]) => value),
      feeds,
    ),
  );
  for (const [at, [name]] of resultsOf(program).entries()) {
    const size = Math.max(1, ...numbersOf(expected![at]!).filter(Number.isFinite).map(Math.abs));
    expectClose(found![at]!, expected![at]!, { absolute: 1e-9 * size }, name);
  }
}

describe("a fused program computes the same", () => {
  // Sizes that fall together make shapes ambiguous: N = C, C = H, and what has one element.
  const shapes: readonly Shape[] = [
    [4, 3, 2, 4],
    [2, 4, 4, 2],
    [4, 4, 4, 4],
    [1, 3, 4, 4],
    [1, 8, 2, 1],
    [4, 3, 1, 1],
    [2, 1, 2, 2],
    [3, 2, 1, 3],
    [1, 1, 2, 2],
    [2, 1, 1, 1],
    [1, 4, 1, 1],
  ];
  it.each(shapes.map((shape) => [String(shape), shape] as const))("where it is random, of images [%s]", (_, shape) => {
    for (let seed = 0; seed < 100; seed++) {
      const { program, feeds } = imageProgram(seed, { shape, bits: 44 });
      expectSame(program, feeds);
    }
  });

  const small = (norm: n.NormFactory, more = {}): Case =>
    stepOf(resnetCifar({ depth: 8, width: 0.25, norm }), 4, 8, 1, more);
  const metrics: readonly n.Metric[] = [n.l2(), n.l1(), n.lInf(), n.topK(10), n.lp(3), n.range()];
  const accumulators: readonly NormAccumulator[] = ["fp32", "fp16-sum", "fp16-block-mean", "fp16-mean-first"];
  const steps: Readonly<Record<string, () => Case>> = {
    "VGG-11": () => stepOf(vgg({ width: 0.0625 }), 4, 32, 1),
    "VGG-11 without normalization": () => stepOf(vgg({ width: 0.0625, norm: "none" }), 4, 32, 1),
    "ResNet-18": () => stepOf(resnet({ depth: 18, width: 0.0625 }), 2, 32, 1),
    "ResNet-50": () => stepOf(resnet({ depth: 50, width: 0.0625 }), 2, 32, 1),
    "ghost batch-norm": () => small((place) => n.ghostBatchNorm({ size: 2, ...place })),
    "group norm": () => small((place) => n.groupNorm({ groups: 2, ...place })),
    "instance norm": () => small((place) => n.instanceNorm(place)),
    "layer norm": () => small((place) => n.layerNorm({ axes: 3, ...place })),
    "mean-only batch-norm": () => small(() => n.meanOnlyBatchNorm()),
    "no centring": () => small((place) => n.batchNorm({ centre: false, ...place })),
    "bounded weight norm": () =>
      stepOf(
        resnetCifar({ depth: 8, width: 0.25, norm: "none", weightNorm: n.boundedWeightNorm({ metric: n.l1() }) }),
        4,
        8,
        1,
      ),
    measurements: () => small((place) => n.batchNorm(place), { measure: true }),
    ...Object.fromEntries(
      metrics.map((metric) => [metric.name, () => small((place) => n.batchNorm({ metric, ...place }))]),
    ),
    ...Object.fromEntries(
      accumulators.map((normAccumulator) => [
        `half precision, ${normAccumulator}`,
        () => small((place) => n.batchNorm(place), { precision: { storage: "float16", normAccumulator } }),
      ]),
    ),
  };
  it.each(Object.entries(steps))("where it is a step of a network with %s", (_, build) => {
    const { program, feeds, state } = build();
    expectSame(program, { ...state, ...feeds });
  });

  it.each(
    metrics.flatMap((metric) =>
      (["a convolution", "an input"] as const).map((behind) => [metric.name, behind, metric] as const),
    ),
  )("where it is batch-norm by %s behind %s", (_, behind, metric) => {
    const { program, feeds } = normalized(n.batchNorm({ metric }), { behind });
    expectSame(program, feeds);
  });

  it("where it evaluates", () => {
    const { feeds, state } = small((place) => n.batchNorm(place));
    const program = evaluationProgram({ ...smallImages, network: resnetCifar({ depth: 8, width: 0.25 }) }, 4);
    expectSame(program, { ...state, ...feeds });
  });
});

/** A normalization and a ReLU behind a convolution or a plain input, and all its gradients for the cotangent `dy`. */
function normalized(norm: g.Layer, { behind }: { readonly behind: "a convolution" | "an input" }): Case {
  const shape = [4, 16, 6, 6];
  const graph = new g.Graph();
  const scope = networkScope(graph, { training: true });
  const x = graph.input("x", shape);
  const weights = graph.input("weights", [16, 16, 3, 3]);
  const z = behind === "an input" ? x : g.conv2d(x, weights, { padding: 1 });
  const y = g.relu(norm.apply(z, scope));
  const loss = g.total(g.mul(y, graph.input("dy", shape)));
  const parameters = scope.parameters.map(({ name }) => name);
  const [dz, ...rest] = g.gradients(loss, [z, ...parameters.map((name) => graph.inputs.get(name)!)]);
  const outputs = { y, dz: dz!, ...Object.fromEntries(rest.map((value, at) => [`d${parameters[at]}`, value!])) };
  const feeds = {
    x: normal("x", shape, behind === "an input" ? 1000 : 0),
    weights: normal("weights", [16, 16, 3, 3]),
    dy: normal("dy", shape),
    ...Object.fromEntries(parameters.map((name) => [name, uniform(name, [16], 0.5, 1.5)])),
  };
  return { program: { graph, outputs }, feeds, state: {} };
}

/** What a program reads or makes images with, in order. */
function passesOf({ outputs }: Program): string[] {
  return neededValues(Object.values(outputs)).flatMap((value) => {
    const { source } = value;
    if (source.kind !== "apply") return [];
    const touches = [value, ...source.inputs].some(({ rank, shape }) => rank === 4 && shape[0]! > 1 && shape[2]! > 3);
    return touches ? [source.primitive.name] : [];
  });
}
describe("passes over images of batch-norm and ReLU", () => {
  const behindConvolution = { behind: "a convolution", metric: n.l2() } as const;
  const rows = [
    [behindConvolution, "conv2d reduceSum channelDot channelAffine", "gate reduceSum channelDot channelAffine"],
    [
      { ...behindConvolution, metric: n.l1() },
      "conv2d reduceSum channelAffine reduceSum channelAffine",
      // The signs of x − mean, their product with a number for each channel, its sum.
      "gate reduceSum channelDot channelAffine channelAffine reduceSum channelAffine",
    ],
    [
      { behind: "an input", metric: n.l2() },
      "reduceSum channelAffine channelDot channelAffine",
      "gate reduceSum channelDot channelAffine reduceSum channelAffine",
    ],
    [
      { behind: "an input", metric: n.l1() },
      "reduceSum channelAffine channelAffine reduceSum channelAffine",
      "gate reduceSum channelDot channelAffine channelAffine reduceSum channelAffine",
    ],
  ] as const;
  it.each(rows.map((row) => [`${row[0].metric.name} behind ${row[0].behind}`, ...row] as const))(
    "by %s",
    (_, { behind, metric }, forward, backward) => {
      const { program } = normalized(n.batchNorm({ metric }), { behind });
      const { graph, outputs } = program;
      expect(passesOf(fused({ graph, outputs: { y: outputs.y! } }))).toEqual(forward.split(" "));
      // The cotangent is multiplied by the loss's own, 1, before anything else.
      const all = passesOf(fused(program));
      all.splice(all.indexOf("channelAffine", forward.split(" ").length - 1), 1);
      expect(all).toEqual([...forward.split(" "), ...backward.split(" ")]);
    },
  );
});
