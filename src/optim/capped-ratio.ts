/** Ratios limited from above, and how many were. */
export interface CappedRatios {
  readonly ratios: Float64Array;
  readonly capped: number;
}

/**
 * (‖w‖ / ‖w_ref‖)² of each channel of a layer, limited to `cap` times the layer's median.
 *
 * A channel that dies under decay has a reference norm going to zero: uncapped, its ratio is unbounded and the run ends
 * in NaN. A ratio that is not a number (0/0) counts as capped.
 */
export function cappedSquaredRatios(norms: ArrayLike<number>, reference: ArrayLike<number>, cap: number): CappedRatios {
  const raw = Float64Array.from({ length: norms.length }, (_, channel) => (norms[channel]! / reference[channel]!) ** 2);
  // Channels without a norm say nothing about the others.
  const limit = cap * median(raw.filter((ratio) => ratio > 0 && ratio < Number.POSITIVE_INFINITY));
  let capped = 0;
  const ratios = raw.map((ratio) => {
    if (ratio <= limit) return ratio;
    capped++;
    return limit;
  });
  return { ratios, capped };
}

/** The middle value, or the mean of the two in the middle; 1 if there is none. */
export function median(values: Float64Array): number {
  if (values.length === 0) return 1;
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
