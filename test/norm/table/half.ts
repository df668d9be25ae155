import { fromFloat16Bits, toFloat16Bits } from "../../../src/core/index.js";
import type { NormAccumulator } from "../../../src/graph/index.js";
import { type MeanOf, sum } from "./arithmetic.js";

/** A float16 accumulator, written out with loops over single numbers. */
export interface HalfAccumulator {
  readonly name: NormAccumulator;
  readonly mean: MeanOf;
  /** Of gradients. */
  readonly sum: MeanOf;
}

/** The nearest float16. */
export const half = (x: number): number => fromFloat16Bits(toFloat16Bits(x));

/** Adds in rows of 32, each sum times `factor` rounded to float16, and so on with the results. */
function inStages(terms: readonly number[], finish: (block: readonly number[], length: number) => number): number {
  let row = terms;
  do {
    const length = Math.min(row.length, 32);
    const next: number[] = [];
    for (let start = 0; start < row.length; start += length) {
      next.push(half(finish(row.slice(start, start + length), length)));
    }
    row = next;
  } while (row.length > 1);
  return row[0]!;
}

const halfSum: MeanOf = (x) => inStages(x.map(half), sum);

const meanFirst: MeanOf = (x) =>
  inStages(
    x.map((value) => half(value / x.length)),
    sum,
  );

const blockMean: MeanOf = (x) => {
  let counted = 1; // as if the last block of every stage were filled up with zeros
  for (let length = x.length; length > 1; length = Math.ceil(length / 32)) {
    const size = Math.min(length, 32);
    counted *= size;
  }
  const mean = inStages(x.map(half), (block, length) => sum(block) / length);
  return counted === x.length ? mean : half((mean * counted) / x.length);
};

export const halfAccumulators: readonly HalfAccumulator[] = [
  { name: "fp16-sum", mean: (x) => half(halfSum(x) / x.length), sum: halfSum },
  { name: "fp16-block-mean", mean: blockMean, sum: (x) => x.length * blockMean(x) },
  { name: "fp16-mean-first", mean: meanFirst, sum: (x) => x.length * meanFirst(x) },
];
