import { describe, expect, test } from "vitest";
import { tensor } from "../../src/core/index.js";
import type { WeightInvariance } from "../../src/dynamics/index.js";
import { invarianceOf, type ModelGraph, verifyInvariance } from "../../src/foreign/index.js";
import { globalAveragePool, linear, sequential, tanh } from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { networkModel, smallLayers } from "./small-network.js";

const shape = [4, 3, 6, 6];
const small = (): ModelGraph => networkModel(smallLayers(), shape);
const analysed = invarianceOf(small());
const of = (name: string): WeightInvariance => analysed.find((found) => found.name === name)!;

async function verify(found: readonly WeightInvariance[], model = small()) {
  const { weights, ...how } = await verifyInvariance(model, found, referenceRuntime());
  return { ...how, weights, wrong: weights.filter(({ agrees }) => !agrees).map(({ name }) => name) };
}

describe("what an analysis finds of a small network", () => {
  test("agrees with the numbers, weight by weight", async () => {
    const { weights, wrong, inputs } = await verify(analysed);
    expect(wrong).toEqual([]);
    expect(weights.map(({ found }) => found)).toEqual(analysed.map(({ invariance }) => invariance));
    expect(analysed.map(({ name, invariance }) => `${name} ${invariance}`)).toEqual([
      ...["0.weight channel", "0.bias channel", "1.weight joint", "1.bias joint", "3.weight channel"],
      ...["4.weight joint", "4.bias joint", "7.weight joint", "7.bias none"],
    ]);
    expect(of("0.bias").withoutEffect).toBe(true);
    expect(inputs).toEqual({ x: shape });
    for (const { gradientCosine, claimed, name } of weights) {
      if (claimed === "channel" && name.endsWith("weight")) expect(gradientCosine).toBeLessThan(1e-4);
      if (claimed === "none") expect(gradientCosine).toBeGreaterThan(0.01);
    }
  });

  test("swapped between two weights is found wrong in both", async () => {
    const [conv, last] = [of("3.weight"), of("7.weight")];
    const swapped = analysed.map((found) => {
      const other = found === conv ? last : found === last ? conv : undefined;
      if (!other) return found;
      const { invariance, partners, epsilons } = other;
      const groups = Int32Array.from({ length: found.shape[found.axis]! }, (_, i) =>
        invariance === "channel" ? i : -1,
      );
      return { ...found, invariance, partners, epsilons, groups };
    });
    const { weights, wrong } = await verify(swapped);
    expect(wrong).toEqual(["3.weight", "7.weight"]);
    const verdict = (name: string) => weights.find((weight) => weight.name === name)!;
    expect(verdict("3.weight")).toMatchObject({ claimed: "joint", found: "channel" });
    expect(verdict("7.weight")).toMatchObject({ claimed: "channel", found: "none" });
    expect(verdict("7.weight").disagreement).toMatch(/scaling its groups changes the outputs by/);
  });

  test.each<[string, Partial<WeightInvariance>, RegExp]>([
    ["3.weight", { invariance: "tensor", groups: new Int32Array(4) }, /each of its channels is scaled alone/],
    ["3.weight", { invariance: "none", groups: new Int32Array(4).fill(-1) }, /each of its channels is scaled alone/],
    ["7.weight", { invariance: "tensor", groups: new Int32Array(3), partners: [] }, /changes the outputs/],
    ["7.weight", { partners: [{ name: "4.weight", power: 1 }] }, /changes the outputs/],
    ["1.bias", { partners: [], invariance: "channel", groups: Int32Array.of(0, 1, 2, 3, 4, 5) }, /changes the outputs/],
    ["0.bias", { withoutEffect: false, invariance: "none" }, /replaced by another value/],
    ["1.bias", { withoutEffect: true }, /said to have no effect/],
  ])("%s as %j is found wrong, and nothing else is", async (name, wrong, why) => {
    const planted = analysed.map((found) => (found.name === name ? { ...found, ...wrong } : found));
    const result = await verify(planted);
    expect(result.wrong).toEqual([name]);
    expect(result.weights.find((weight) => weight.name === name)!.disagreement).toMatch(why);
  });
});

test("a break that initial weights hide is found: a bias of 0 before tanh and a normalization behind it", async () => {
  const layers = () => sequential(globalAveragePool(), linear(5), tanh(), linear(4), batchNorm(), linear(2));
  const model = networkModel(layers(), [6, 3, 2, 2]);
  const found = invarianceOf(model);
  expect((await verify(found, model)).wrong).toEqual([]);
  const wrong = found.map((each) =>
    each.name === "1.weight" ? { ...each, invariance: "channel" as const, groups: Int32Array.of(0, 1, 2, 3, 4) } : each,
  );
  expect((await verify(wrong, networkModel(layers(), [6, 3, 2, 2]))).wrong).toEqual(["1.weight"]);
});

test("ε beside a small variance is told from a break", async () => {
  const layers = () => sequential(globalAveragePool(), linear(4, { bias: false }), batchNorm(), linear(2));
  // Weights this small give variances below ε = 1e-5.
  const tiny = tensor(
    Float32Array.from({ length: 12 }, (_, i) => 1e-3 * Math.sin(i + 1)),
    [4, 3],
  );
  const model = networkModel(layers(), [6, 3, 2, 2], { "1.weight": tiny });
  const { weights, wrong } = await verify(invarianceOf(model), model);
  expect(wrong).toEqual([]);
  const [first] = weights;
  expect(first).toMatchObject({ name: "1.weight", claimed: "channel", exceptEpsilon: true });
  expect(first!.change).toBeGreaterThan(0.01);
});
