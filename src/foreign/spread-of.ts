/** The smallest, the middle and the greatest of some numbers. */
export interface Spread {
  readonly min: number;
  /** The lower one of two. */
  readonly median: number;
  readonly max: number;
}

/** The spread of some numbers; undefined for none. */
export function spreadOf(values: ArrayLike<number>): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  return { min: sorted[0]!, median: sorted[(sorted.length - 1) >> 1]!, max: sorted.at(-1)! };
}
