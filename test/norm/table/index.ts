import type { Tensor } from "../../../src/core/index.js";
import type { ActivationNormOptions } from "../../../src/norm/index.js";
import { type BuildLayerOptions, type BuiltLayer, buildLayer, numbers } from "../../support/layers.js";
import { normal } from "../../support/random-tensors.js";
import { type MetricRow, metricRows } from "./metrics.js";
import { type NormRow, normRows } from "./norms.js";

export * from "./arithmetic.js";
export * from "./by-hand.js";
export * from "./half.js";
export * from "./metrics.js";
export * from "./norms.js";
export * from "./on-runtime.js";
export * from "./order-statistics.js";
export * from "./weight-norms.js";

/** Every normalization with every metric, for `describe.each` and `it.each`. */
export const pairs: readonly (readonly [string, NormRow, MetricRow])[] = normRows.flatMap((norm) =>
  metricRows.map((metric) => [`${norm.name}, ${metric.name}`, norm, metric] as const),
);

/** Those of them that keep running statistics. */
export const runningPairs = pairs.filter(([, { momentum }]) => momentum !== undefined);

/** The input of a row: normal numbers, off 0 and of another scale than 1. */
export const inputOf = ({ shape, name }: NormRow): Tensor<"float32"> => normal(`contract ${name}`, shape, 0.7, 1.5);

/** A normalization in a graph of its own, with random parameters and running statistics. */
export function buildNorm(
  norm: NormRow,
  { metric }: MetricRow,
  options: ActivationNormOptions = {},
  how: BuildLayerOptions = {},
  x: Tensor = inputOf(norm),
): BuiltLayer {
  return buildLayer(norm.make({ metric, ...options }), x, how);
}

/** What the buffers are after a training batch, by name. */
export function nextBuffers({ scope }: BuiltLayer, feeds: Readonly<Record<string, Tensor>>): Record<string, number[]> {
  const values = numbers(
    scope.buffers.map(({ next }) => next!),
    feeds,
  );
  return Object.fromEntries(scope.buffers.map(({ name }, i) => [name, values[i]!]));
}
