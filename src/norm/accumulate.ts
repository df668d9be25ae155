import { type Shape, sizeOf } from "../core/index.js";
import {
  broadcastTo,
  customGradient,
  mul,
  type NormAccumulator,
  pad,
  reduceMean,
  reduceSum,
  reshape,
  storedIn,
  transpose,
  type Value,
} from "../graph/index.js";
import type { Mean } from "./metric.js";

/** How a normalization adds up: its means forward, and the sums of gradients that mirror them backward. */
export interface Accumulation {
  /** The mean over axes, which stay with size 1. */
  readonly mean: Mean;
  /**
   * A statistic or parameter of the rank of `shape`, as it is used by every value of that shape. Its gradient is a sum
   * over all of them, which is taken in the same way as the means.
   */
  spread(value: Value, shape: Shape): Value;
}

/** Terms that are added before a partial sum is rounded: what vector units and tensor cores add up in wider registers. */
const stageSize = 32;

/**
 * Sums as a machine with the given accumulator takes them. With float16: every term is rounded, up to 32 terms are
 * added, the partial sum is rounded, and so on with the partial sums.
 *
 * - `fp16-sum` divides the last sum by n: it overflows where the sum passes 65504.
 * - `fp16-block-mean` divides each partial sum by its number of terms: nothing grows, and what is small stays small.
 * - `fp16-mean-first` divides every term by n beforehand: what is below 2⁻²⁴·n is lost.
 *
 * A sum of gradients is n times the mean so taken, the factor being applied in float32; with `fp16-sum` it is the sum.
 */
export function accumulation(accumulator: NormAccumulator): Accumulation {
  if (accumulator === "fp32") return { mean: reduceMean, spread: (value) => value };
  return {
    mean(x, axes) {
      const n = sizeOf(axes.map((axis) => x.shape[axis]!));
      return customGradient(halfMean(x, axes, n, accumulator), [x], (g) => [mul(broadcastTo(g, x.shape), 1 / n)]);
    },
    spread(value, shape) {
      const axes = shape.flatMap((size, axis) => (value.shape[axis] === size ? [] : [axis]));
      const n = sizeOf(axes.map((axis) => shape[axis]!));
      const sum = (g: Value): Value =>
        accumulator === "fp16-sum" ? halfSum(g, axes) : mul(halfMean(g, axes, n, accumulator), n);
      return customGradient(broadcastTo(value, shape), [value], (g) => [sum(g)]);
    },
  };
}

const rounded = (x: Value): Value => storedIn(x, "float16");

function halfSum(x: Value, axes: readonly number[]): Value {
  return staged(rounded(x), axes, (block) => rounded(reduceSum(block, [-1])));
}

function halfMean(x: Value, axes: readonly number[], n: number, accumulator: NormAccumulator): Value {
  switch (accumulator) {
    case "fp16-sum":
      return rounded(mul(halfSum(x, axes), 1 / n));
    case "fp16-mean-first":
      return halfSum(mul(x, 1 / n), axes);
    default: {
      // Zeros fill the last block; the factor undoes that they were counted.
      let terms = 1;
      const means = staged(rounded(x), axes, (block) => {
        terms *= block.shape.at(-1)!;
        return rounded(reduceMean(block, [-1]));
      });
      return terms === n ? means : rounded(mul(means, terms / n));
    }
  }
}

/** Adds over axes in stages: rows of up to {@link stageSize} values become one each, until one is left. */
function staged(x: Value, axes: readonly number[], add: (block: Value) => Value): Value {
  const stay = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const outer = sizeOf(stay.map((axis) => x.shape[axis]!));
  let rows = reshape(transpose(x, [...stay, ...axes]), [outer, -1]);
  do {
    const length = rows.shape[1]!;
    const size = Math.min(stageSize, length);
    const blocks = Math.ceil(length / size);
    rows = pad(rows, [0, 0], [0, blocks * size - length]);
    rows = reshape(add(reshape(rows, [outer, blocks, size])), [outer, blocks]);
  } while (rows.shape[1]! > 1);
  return reshape(
    rows,
    x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  );
}
