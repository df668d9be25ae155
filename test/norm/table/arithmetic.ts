/** Sums with as many digits as a loop gives. */
export function sum(x: readonly number[]): number {
  let total = 0;
  for (const value of x) total += value;
  return total;
}

/** Takes the mean of numbers, in whatever number format. */
export type MeanOf = (x: readonly number[]) => number;

export const mean: MeanOf = (x) => sum(x) / x.length;

/** The k largest magnitudes (all, if there are fewer). */
export function largestMagnitudes(x: readonly number[], k: number): number[] {
  return x
    .map(Math.abs)
    .sort((a, b) => b - a)
    .slice(0, k);
}

/** x in so many equal parts, in order; in fewer if they do not come out even or have less than two members. */
export function parts(x: readonly number[], wanted: number): number[][] {
  for (let count = wanted; count > 1; count--) {
    const length = x.length / count;
    if (!Number.isInteger(length) || length < 2) continue;
    return Array.from({ length: count }, (_, i) => x.slice(i * length, (i + 1) * length));
  }
  return [[...x]];
}

/** ⟨a, b⟩ / (‖a‖ ‖b‖). */
export function cosine(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((x, i) => x * b[i]!)) / (Math.hypot(...a) * Math.hypot(...b));
}
