import { describe, expect, it } from "vitest";
import { fromBfloat16Bits, type Tensor, tensor, toBfloat16Bits } from "../../src/core/index.js";
import type { Precision } from "../../src/graph/index.js";
import { sequential } from "../../src/nn/index.js";
import { type BuiltLayer, buildLayer, gradientsOf, outputOf, relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import {
  evaluatedByHand,
  half,
  halfAccumulators,
  inputOf,
  type MetricRow,
  type NormRow,
  pairs,
  positionOf,
  trainedByHand,
} from "./table/index.js";

const epsilon = 1e-3;
const cases = halfAccumulators.flatMap((accumulator) =>
  pairs.map(([name, norm, metric]) => [`${accumulator.name}, ${name}`, accumulator, norm, metric] as const),
);

/** The normalization between two places where float16 is stored. */
function build(norm: NormRow, { metric }: MetricRow, precision: Precision, training = true): BuiltLayer {
  const x = inputOf(norm);
  const rounded = tensor(x.data.map(half), x.shape);
  return buildLayer(sequential(norm.make({ metric, epsilon })), rounded, { precision, training });
}

/** The feeds by the names of a normalization that stands alone. */
const alone = (feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name.replace(/^0\./, ""), value]));

describe.each(cases)("%s", (_name, accumulator, norm, metric) => {
  const built = build(norm, metric, { storage: "float16", normAccumulator: accumulator.name });
  const names = ["x", ...built.scope.parameters.map(({ name }) => name)];

  it("adds as its accumulator does, term by term", () => {
    const expected = trainedByHand(norm, metric, alone(built.feeds), epsilon, accumulator.mean).map(half);
    expect(outputOf(built, built.feeds)).toEqual(expected);
  });

  it("is near float32 for values of σ ≈ 1, with its gradients", () => {
    const full = build(norm, metric, { storage: "float32", normAccumulator: "fp32" });
    const [output, exact] = [built, full].map((each) => outputOf(each, each.feeds)) as [number[], number[]];
    expect(relativeDistance(output, exact)).toBeLessThan(2e-3);
    const [slopes, exactSlopes] = [built, full].map((each) => gradientsOf(each, each.feeds, names)) as number[][][];
    for (const [i, name] of names.entries()) {
      expect(relativeDistance(slopes![i]!, exactSlopes![i]!), name).toBeLessThan(2e-2);
    }
  });
});

describe.each(cases.filter(([, , { affine, centre }]) => affine && centre))(
  "%s",
  (_name, accumulator, norm, metric) => {
    it("adds the gradient of β as its accumulator does", () => {
      const built = build(norm, metric, { storage: "float16", normAccumulator: accumulator.name });
      const cotangent = normal("layer cotangent", norm.shape); // of gradientsOf
      const slopes: number[][] = [];
      for (const [index, c] of cotangent.data.entries()) {
        const feature = norm.feature(positionOf(index, norm.shape), norm.shape);
        slopes[feature] ??= [];
        slopes[feature].push(half(c));
      }
      expect(gradientsOf(built, built.feeds, ["0.bias"])[0]).toEqual(slopes.map(accumulator.sum));
    });
  },
);

describe.each(pairs)("storage alone, %s", (_name, norm, metric) => {
  it.each(["float16", "bfloat16"] as const)("%s: the formula, rounded, in training and in evaluation", (storage) => {
    const rounded = storage === "float16" ? half : (y: number): number => fromBfloat16Bits(toBfloat16Bits(y));
    for (const [training, byHand] of [
      [true, trainedByHand],
      [false, evaluatedByHand],
    ] as const) {
      const built = build(norm, metric, { storage, normAccumulator: "fp32" }, training);
      const expected = byHand(norm, metric, alone(built.feeds), epsilon).map(rounded);
      expect(outputOf(built, built.feeds)).toEqual(expected);
    }
  });
});
