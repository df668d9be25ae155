import { sizeOf } from "../../core/index.js";
import type { TransposeParams, Value } from "../../graph/index.js";
import type { Labels } from "./labels.js";
import type { AnalysedWeight } from "./weight-invariance.js";

/** The scale factors of a weight: one for each of its output channels. */
export interface WeightFactors extends AnalysedWeight {
  /** The axis of the output channels. */
  readonly axis: number;
  /** Number of the first channel's factor; the others follow. */
  readonly first: number;
  readonly count: number;
}

/** Gives every output channel of every weight a factor of its own. */
export function numberFactors(weights: readonly AnalysedWeight[], values: readonly Value[]): WeightFactors[] {
  const consumers = consumersOf(values);
  let first = 0;
  return weights.map(({ name, value }) => {
    const axis = channelAxis(value, consumers);
    const count = value.shape[axis] ?? 1;
    const factors = { name, value, axis, first, count };
    first += count;
    return factors;
  });
}

/** The labels of a weight whose output channels scale by factors of their own. */
export function labelsOf({ value, axis, first, count }: WeightFactors, factor: (number: number) => number): Labels {
  return {
    shape: value.shape.map((size, a) => (a === axis ? size : 1)),
    products: Int32Array.from({ length: count }, (_, channel) => factor(first + channel)),
  };
}

/** The values that each value enters. */
export function consumersOf(values: readonly Value[]): ReadonlyMap<Value, readonly Value[]> {
  const consumers = new Map<Value, Value[]>();
  for (const value of values) {
    if (value.source.kind !== "apply") continue;
    for (const input of new Set(value.source.inputs)) {
      const known = consumers.get(input);
      if (known) known.push(value);
      else consumers.set(input, [value]);
    }
  }
  return consumers;
}

/**
 * The axis that numbers what a weight makes: by the first operation that it enters, through transpositions; axis 0 where
 * that does not tell, or the first axis of more than one element.
 */
function channelAxis(weight: Value, consumers: ReadonlyMap<Value, readonly Value[]>): number {
  let axes = weight.shape.map((_, axis) => axis); // where each axis of the present value comes from
  let value = weight;
  for (;;) {
    const next = consumers.get(value)?.[0];
    if (next?.source.kind !== "apply") break;
    const { primitive, params, inputs } = next.source;
    const position = inputs.indexOf(value);
    if (primitive.name === "matmul") return axes[position === 0 ? axes.length - 2 : axes.length - 1]!;
    if (primitive.name === "conv2d" && position === 1) return axes[0]!;
    if (primitive.name === "conv2dInputGradient" && position === 1) return axes[1]!;
    if (primitive.name === "transpose") {
      axes = (params as TransposeParams).permutation.map((axis) => axes[axis]!);
    } else if (primitive.name !== "cast" && primitive.name !== "stopGradient") break;
    value = next;
  }
  const first = weight.shape.findIndex((size) => size > 1);
  return sizeOf(weight.shape) === 1 || first < 0 ? 0 : first;
}
