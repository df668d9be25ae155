import { assertArgument, type Shape, sizeOf } from "../core/index.js";
import { abs, gatherElements, mul, neg, reshape, sub, topKIndices, transpose, type Value } from "../graph/index.js";
import { expectedMaximum, expectedTopMean } from "./gaussian.js";
import { constantOf, type Metric, type MetricOptions } from "./metric.js";

/** The largest magnitude, s = max |x| (Hoffer et al. 2018, section 3.2): {@link topK} with k = 1. */
export function lInf(options: MetricOptions = {}): Metric {
  return { ...topK(1, options), name: "linf" };
}

/**
 * The mean of the k largest magnitudes, k = 10 in the paper (Hoffer et al. 2018, section 3.2): more robust to single
 * outliers than their maximum. Of n < k values it takes all.
 *
 * Constant `"paper"`: C(n) = (1 + √(π ln 4)) / (2√(2 ln n)), whatever k; one value counts as two, as ln 1 = 0. It
 * overestimates σ of Gaussian values, ×1.33 at n = 131072 and k = 10. `"exact"`: one over the expectation of s.
 *
 * @throws InvalidArgumentError for a k that is no positive integer.
 */
export function topK(k = 10, options: MetricOptions = {}): Metric {
  assertArgument(Number.isInteger(k) && k >= 1, "topK", "an integer k ≥ 1", k);
  return {
    name: `top${k}`,
    power: 1,
    statistic(centred, axes, mean) {
      const rows = flattened(centred, axes);
      const count = Math.min(k, rows.shape[1]!);
      const largest = abs(elementsAt(rows, topKIndices(abs(rows), count)));
      return reshape(count === 1 ? largest : mean(largest, [1]), kept(centred.shape, axes)); // one is not added up
    },
    gaussianConstant: constantOf("topK", options, {
      paper: paperConstant,
      exact: (n) => 1 / expectedTopMean(n, Math.min(k, n)),
    }),
  };
}

/** Options of {@link range}. */
export interface RangeOptions extends MetricOptions {
  /**
   * The values are cut into so many equal parts, and their ranges averaged, which makes single outliers count less; 1 by
   * default. Where that does not divide the number of values into parts of two or more, the next smaller number that
   * does: one value has no range.
   */
  readonly chunks?: number;
}

/**
 * Half the distance between the largest and the smallest value, s = (max − min)/2 (Range BN, Banner et al. 2018, arXiv
 * 1805.11046). With m values in each chunk, constant `"paper"`: C = 1/√(2 ln m), what the expected maximum tends to;
 * `"exact"`: one over the expected maximum of m values. One value counts as two.
 *
 * @throws InvalidArgumentError for a number of chunks that is no positive integer.
 */
export function range({ chunks = 1, ...options }: RangeOptions = {}): Metric {
  assertArgument(Number.isInteger(chunks) && chunks >= 1, "range", "an integer number of chunks ≥ 1", chunks);
  const constant = constantOf("range", options, {
    paper: (m) => 1 / Math.sqrt(2 * Math.log(Math.max(m, 2))),
    exact: (m) => 1 / expectedMaximum(Math.max(m, 2)),
  });
  return {
    name: chunks === 1 ? "range" : `range${chunks}`,
    power: 1,
    statistic(centred, axes, mean) {
      const rows = flattened(centred, axes);
      const parts = chunkCount(rows.shape[1]!, chunks);
      const cut = parts === 1 ? rows : reshape(rows, [rows.shape[0]!, parts, -1]);
      const largest = elementsAt(cut, topKIndices(cut, 1));
      const smallest = elementsAt(cut, topKIndices(neg(cut), 1));
      const spans = mul(sub(largest, smallest), 0.5);
      return reshape(parts === 1 ? spans : mean(spans, [1]), kept(centred.shape, axes));
    },
    gaussianConstant: (n) => constant(n / chunkCount(n, chunks)),
  };
}

/** The paper's C(n) for the maximum and the mean of the k largest. */
const paperConstant = (n: number): number =>
  (1 + Math.sqrt(Math.PI * Math.log(4))) / (2 * Math.sqrt(2 * Math.log(Math.max(n, 2))));

/** The largest number up to `chunks` that cuts n values into equal parts of at least two; 1 if there is none. */
function chunkCount(n: number, chunks: number): number {
  let count = Math.max(Math.min(chunks, Math.floor(n / 2)), 1);
  while (n % count !== 0) count--;
  return count;
}

/**
 * Taken by their positions, so that the gradient of a statistic goes to these few elements and to no other: of equal ones,
 * to the first.
 */
const elementsAt = (rows: Value, positions: Value): Value => gatherElements(rows, positions, -1);

const kept = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

/** [kept elements, reduced elements]: each row holds what one statistic is taken of. */
function flattened(x: Value, axes: readonly number[]): Value {
  const stay = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  return reshape(transpose(x, [...stay, ...axes]), [sizeOf(stay.map((axis) => x.shape[axis]!)), -1]);
}
