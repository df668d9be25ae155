import { type Shape, sizeOf } from "../core/index.js";
import { div, maximum, mul, reduceMean, sqrt, type Value } from "../graph/index.js";
import type { Metric } from "./metric.js";
import { l2 } from "./power-metrics.js";

/** What has a norm of its own: each output channel (axis 0), or the weight as a whole. */
export type NormGroup = "channel" | "layer";

/** The axes over which the norms of a weight are taken. */
export const normAxes = (shape: Shape, group: NormGroup): number[] =>
  shape.flatMap((_, axis) => (axis === 0 && group === "channel" ? [] : [axis]));

/**
 * The norm of each group of a weight's m elements in a metric, ‖v‖ = √m · C(m) · s(v), with the reduced axes kept. In l2
 * it is the 2-norm; in others, what estimates the 2-norm of Gaussian elements, so that the metrics are interchangeable.
 * It is at least 1e-15, so that nothing is divided by 0.
 */
export function weightNorms(v: Value, group: NormGroup = "channel", metric: Metric = l2()): Value {
  const axes = normAxes(v.shape, group);
  const m = sizeOf(axes.map((axis) => v.shape[axis]!));
  const factor = (Math.sqrt(m) * metric.gaussianConstant(m)) ** metric.power;
  const powered = maximum(mul(metric.statistic(v, axes, reduceMean), factor), 1e-15 ** metric.power);
  return metric.power === 2 ? sqrt(powered) : powered;
}

/** v / ‖v‖: every group at norm 1. */
export const unit = (v: Value, group?: NormGroup, metric?: Metric): Value => div(v, weightNorms(v, group, metric));

/** The 2-norm of each row of a weight [out, in, …], as plain numbers. */
export function rowNorms(values: Float32Array, [rows]: Shape): Float32Array {
  const length = values.length / rows!;
  return Float32Array.from({ length: rows! }, (_, row) => {
    let squares = 0;
    for (let i = row * length; i < (row + 1) * length; i++) squares += values[i]! ** 2;
    return Math.sqrt(squares);
  });
}
