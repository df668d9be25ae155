import type { PairedInterval, Sample } from "./paired-interval.js";

/** A number with a fixed number of decimals and a true minus sign; `–` if it is not finite or absent. */
export function fixed(value: number | undefined, decimals: number): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return value
    .toFixed(decimals)
    .replace(/^-(0(?:\.0*)?)$/, "$1")
    .replace("-", "−");
}

/** `mean ± standard deviation`, or the value alone where there is just one. */
export function sampleText(sample: Sample | undefined, decimals: number): string {
  if (sample === undefined) return "–";
  return sample.sd === undefined
    ? fixed(sample.mean, decimals)
    : `${fixed(sample.mean, decimals)} ± ${fixed(sample.sd, decimals)}`;
}

/** `+0.31 [−0.20, +0.82]`: a mean difference and its interval, with signs. */
export function differenceText(difference: PairedInterval | undefined, decimals: number): string {
  if (difference === undefined) return "–";
  const { mean, halfWidth } = difference;
  if (halfWidth === undefined) return signed(mean, decimals);
  const bounds = [mean - halfWidth, mean + halfWidth].map((bound) => signed(bound, decimals));
  return `${signed(mean, decimals)} [${bounds.join(", ")}]`;
}

/** A number with its sign, also when positive. */
export function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return Number(value.toFixed(decimals)) > 0 ? `+${text}` : text;
}

/** Four significant digits; powers of ten for very small and very large numbers. */
export function significant(value: number | null | undefined): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return "–";
  const magnitude = Math.abs(value);
  const plain = magnitude === 0 || (magnitude >= 1e-3 && magnitude < 1e5);
  return (plain ? String(Number(value.toPrecision(4))) : value.toExponential(2)).replaceAll("-", "−");
}
