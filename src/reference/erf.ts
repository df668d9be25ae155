/**
 * The error function 2/√π ∫₀ˣ e^(−t²) dt, to a relative error of a few 1e-15.
 *
 * By the series 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!! (Abramowitz and Stegun 7.1.6), whose terms all have one sign, so that
 * nothing cancels. Beyond 6 the result differs from ±1 by less than 2.2e-17.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  const square = x * x;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * square) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
}
