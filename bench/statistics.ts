/** The middle value; of an even number of values the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The median of aᵢ/bᵢ: what happened to both in the same round cancels. Of unequal numbers of rounds, that of the medians. */
export const pairedRatio = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length ? median(a.map((value, round) => value / b[round]!)) : median(a) / median(b);

/** The exponent p of y = c xᵖ that fits best: least squares of ln y over ln x. */
export function fittedExponent(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanU, meanV] = [mean(u), mean(v)];
  const products = u.map((value, index) => (value - meanU) * (v[index]! - meanV));
  const squares = u.map((value) => (value - meanU) ** 2);
  return mean(products) / mean(squares);
}

/** A number to so many decimals, for output. */
export const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
