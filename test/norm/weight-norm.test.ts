import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../src/core/index.js";
import { conv2d, linear } from "../../src/nn/index.js";
import { checkBuiltGradient } from "../support/gradient-check.js";
import { type BuiltLayer, buildLayer, gradientsOf, numbers, relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import {
  cosine,
  groupsOf,
  inFloat64,
  layerProgram,
  type MetricRow,
  scaledGroups,
  type WeightNormRow,
  weightByHand,
  weightPairs,
} from "./table/index.js";

const convolved = (row: WeightNormRow, { metric }: MetricRow, epsilon?: number): BuiltLayer =>
  buildLayer(conv2d(3, { weightNorm: row.make(metric, epsilon) }), normal("convolved", [2, 2, 4, 4]));

const multiplied = (row: WeightNormRow, { metric }: MetricRow, epsilon?: number): BuiltLayer =>
  buildLayer(linear(3, { weightNorm: row.make(metric, epsilon) }), normal("multiplied", [4, 5]));

/** The weight as the layer uses it. */
const weightOf = ({ scope }: BuiltLayer, feeds: Readonly<Record<string, Tensor>>): number[] =>
  numbers(scope.derived.get("weight")!, feeds)[0]!;

describe.each(weightPairs)("%s", (_name, row, metric) => {
  it.each([
    ["convolution", convolved],
    ["linear layer", multiplied],
  ])("is its formula in a %s", (_layer, build) => {
    const built = build(row, metric, 0.1);
    const expected = weightByHand(row, metric, built.feeds, 0.1);
    expect(relativeDistance(weightOf(built, built.feeds), expected)).toBeLessThan(1e-10);
  });

  it("has the right gradient by all that is learned", () => {
    const { graph, output, feeds, scope } = convolved(row, metric, 0.1);
    const wanted = ["x", ...scope.parameters.map(({ name }) => name)];
    expect(wanted).toContain(row.stored);
    const inputs = Object.fromEntries(wanted.map((name) => [name, graph.inputs.get(name)!]));
    checkBuiltGradient(feeds, { graph, inputs, output }, { wanted, step: 1e-6 });
  });

  it("does not see the scale of what is stored, whose gradient is orthogonal to it", () => {
    const built = convolved(row, metric, 1e-14);
    const v = built.feeds[row.stored]!;
    const scaled = { ...built.feeds, [row.stored]: scaledGroups(row, v) };
    expect(relativeDistance(weightOf(built, scaled), weightOf(built, built.feeds))).toBeLessThan(1e-12);
    const [slope] = gradientsOf(built, built.feeds, [row.stored]) as [number[]];
    const slopes = groupsOf(row, slope, v.shape);
    for (const [i, group] of groupsOf(row, v.data as Float32Array, v.shape).entries()) {
      expect(Math.abs(cosine(group, slopes[i]!))).toBeLessThan(1e-12);
    }
    const parameter = built.scope.parameters.find(({ name }) => name === row.stored);
    expect(parameter!.scaleInvariance).toBe(row.group === "channel" ? "channel" : "tensor");
  });

  it("gives a channel of zeros finite values and gradients", () => {
    const built = convolved(row, metric);
    const { data, shape } = built.feeds[row.stored]! as Tensor<"float32">;
    const feeds = { ...built.feeds, [row.stored]: tensor(data.slice().fill(0, 18, 36), shape) };
    const results = inFloat64(layerProgram(built), feeds);
    const bad = Object.keys(results).filter((name) => !Array.from(results[name]!.data, Number).every(Number.isFinite));
    expect(bad).toEqual([]);
    expect(weightOf(built, feeds).slice(18, 36)).toEqual(new Array(18).fill(0));
  });
});
