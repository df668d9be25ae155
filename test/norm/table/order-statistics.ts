import { erf } from "../../../src/reference/erf.js";

const intervals = 9000;
const end = 9;

/**
 * Expectation of the mean of the k largest of n independent draws: of standard normal numbers, or of their magnitudes.
 * From the density of each order statistic, n!/((j−1)! (n−j)!) F^(n−j) (1−F)^(j−1) f for the j-th largest, by Simpson's
 * rule; meant for n up to a few thousand.
 */
export function expectedTop(n: number, k: number, of: "normal" | "magnitude"): number {
  const signed = of === "normal";
  const start = signed ? -end : 0;
  const step = (end - start) / intervals;
  let total = 0;
  for (let i = 0; i <= intervals; i++) {
    const x = start + i * step;
    const density = ((signed ? 1 : 2) * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
    const below = signed ? (1 + erf(x / Math.SQRT2)) / 2 : erf(x / Math.SQRT2);
    const weight = i === 0 || i === intervals ? 1 : i % 2 === 1 ? 4 : 2;
    let ways = n; // n!/((j−1)! (n−j)!)
    for (let j = 1; j <= k; j++) {
      total += (weight * step * ways * below ** (n - j) * (1 - below) ** (j - 1) * density * x) / 3;
      ways *= (n - j) / j;
    }
  }
  return total / k;
}
