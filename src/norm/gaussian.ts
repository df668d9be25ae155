// Expectations over standard normal variables z, by numerical integration.

const step = 1 / 256;
const end = 40; // φ(40) is below the smallest double, and no n below 1e300 has order statistics near it

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** (E |z|ᵖ)^(1/p), for p ≥ 1. */
export function gaussianMoment(p: number): number {
  // ∫ xᵖ φ(x) dx with x = eᵘ: the integrand fades at both ends, so that the trapezoidal rule converges faster than any
  // power of its step. In logarithms, relative to the largest term, no p overflows.
  const spacing = 1 / 64;
  const first = -40;
  const last = Math.log(Math.sqrt(p) + end);
  const logs = Array.from({ length: Math.ceil((last - first) / spacing) }, (_, i) => {
    const u = first + i * spacing;
    return (p + 1) * u - Math.exp(2 * u) / 2;
  });
  const largest = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0);
  return Math.exp((largest + Math.log((2 * spacing * sum) / Math.sqrt(2 * Math.PI))) / p);
}

/** E of the mean of the k largest of n independent |z|, 1 ≤ k ≤ n. */
export function expectedTopMean(n: number, k: number): number {
  return integrate((x) => expectedCount(n, k, 2 * upperTail(x))) / k;
}

/** E of the largest of n independent z, n ≥ 2. */
export function expectedMaximum(n: number): number {
  // E max = ∫₀^∞ P(max > x) dx − ∫₋∞⁰ P(max < x) dx.
  return integrate((x) => -Math.expm1(n * Math.log1p(-upperTail(x))) - upperTail(x) ** n);
}

/**
 * E min(N, k), N of the binomial distribution of n and q: how many of the k largest of n exceed a bound that each
 * exceeds with probability q. The integral of it over the bound is the expected sum of the k largest.
 */
function expectedCount(n: number, k: number, q: number): number {
  if (q >= 1) return k;
  if (q <= 0) return 0;
  let missing = 0;
  let logProbability = n * Math.log1p(-q); // of N = 0
  const odds = Math.log(q) - Math.log1p(-q);
  for (let count = 0; count < k; count++) {
    missing += (k - count) * Math.exp(logProbability);
    logProbability += odds + Math.log((n - count) / (count + 1));
  }
  return k - missing;
}

/** ∫₀^∞ f(x) dx; f must not have ended before the grid does. Simpson's rule: at 0 the integrand does not vanish. */
function integrate(f: (x: number) => number): number {
  const xs = grid();
  return (
    xs.reduce((sum, x, i) => sum + f(x) * (i === 0 || i === xs.length - 1 ? 1 : i % 2 === 1 ? 4 : 2), 0) * (step / 3)
  );
}

const grid = (): number[] => Array.from({ length: end / step + 1 }, (_, i) => i * step);

let tails: Float64Array | undefined;

/** P(z > x) for x on the grid: the density integrated from the end, where the tail keeps all its digits. */
function upperTail(x: number): number {
  tails ??= integratedTails();
  return tails[Math.round(x / step)]!;
}

function integratedTails(): Float64Array {
  const values = new Float64Array(end / step + 1);
  for (let i = values.length - 2; i >= 0; i--) {
    const x = i * step;
    const inside = density(x) + 4 * density(x + step / 2) + density(x + step);
    values[i] = values[i + 1]! + (step / 6) * inside;
  }
  return values;
}
