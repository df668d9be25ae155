/** The smallest, the middle and the largest of some numbers. */
export interface Spread {
  readonly min: number;
  /** The mean of the two middle ones, where their number is even. */
  readonly median: number;
  readonly max: number;
}

/** The spread of those values that are numbers; NaN for none. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const half = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
  return { min: sorted[0] ?? Number.NaN, median, max: sorted.at(-1) ?? Number.NaN };
}
