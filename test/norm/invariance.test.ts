import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.js";
import type { Layer } from "../../src/graph/index.js";
import { conv2d, linear, sequential } from "../../src/nn/index.js";
import { type BuiltLayer, buildLayer, gradientsOf, outputOf, relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import { buildNorm, cosine, inputOf, type MetricRow, type NormRow, pairs, positionOf } from "./table/index.js";

const small = 1e-13;
const large = 0.1;

/** Every group of elements times a factor of its own, and shifted where the mean is subtracted. */
function moved(norm: NormRow): Tensor<"float64"> {
  const { shape } = norm;
  const keys: string[] = [];
  const data = Float64Array.from(inputOf(norm).data, (value, index) => {
    const key = norm.group(positionOf(index, shape), shape);
    if (!keys.includes(key)) keys.push(key);
    const group = keys.indexOf(key);
    return value * (3 + group) + (norm.centre ? 2 - group : 0);
  });
  return { dtype: "float64", shape, data };
}

/** A linear layer or a convolution before the normalization, its output of the row's shape. */
function behindWeight(norm: NormRow, { metric }: MetricRow, epsilon: number): BuiltLayer {
  const [rows, channels, ...positions] = norm.shape as [number, number, ...number[]];
  const weight: Layer = positions.length === 0 ? linear(channels, { bias: false }) : conv2d(channels, { bias: false });
  const layer = sequential(weight, norm.make({ metric, epsilon }));
  return buildLayer(layer, normal(`before ${norm.name}`, [rows, 4, ...positions]));
}

/** |cos(w, ∇w)| of each group of a weight whose scale does not matter. */
function cosines(norm: NormRow, metric: MetricRow, epsilon: number): number[] {
  const built = behindWeight(norm, metric, epsilon);
  const w = Array.from(built.feeds["0.weight"]!.data, Number);
  const [slope] = gradientsOf(built, built.feeds, ["0.weight"]) as [number[]];
  const groups = norm.scale === "channel" ? norm.shape[1]! : 1;
  const length = w.length / groups;
  return Array.from({ length: groups }, (_, i) =>
    Math.abs(cosine(w.slice(i * length, (i + 1) * length), slope.slice(i * length, (i + 1) * length))),
  );
}

describe.each(pairs)("%s", (_name, norm, metric) => {
  it("does not see the scale of its groups (nor a shift, where it centres) as ε → 0, and does at a large ε", () => {
    const distance = (epsilon: number): number => {
      const built = buildNorm(norm, metric, { epsilon });
      return relativeDistance(outputOf(built, { ...built.feeds, x: moved(norm) }), outputOf(built, built.feeds));
    };
    expect(distance(small)).toBeLessThan(1e-11);
    expect(distance(large)).toBeGreaterThan(1e-3);
  });

  it("leaves a weight before it ⟨w, ∇w⟩ = 0 as ε → 0, and not at a large ε", () => {
    expect(Math.max(...cosines(norm, metric, small))).toBeLessThan(1e-11);
    expect(Math.max(...cosines(norm, metric, large))).toBeGreaterThan(1e-4);
  });

  it("says of that weight what its scale does not matter to", () => {
    const [weight] = behindWeight(norm, metric, small).scope.parameters;
    expect(weight!.scaleInvariance).toBe(norm.scale);
  });
});
