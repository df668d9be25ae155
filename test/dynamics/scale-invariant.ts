import { type RandomStream, randomStream } from "../../src/core/index.js";
import type { OptimizerKind } from "../../src/dynamics/index.js";

/** A loss that sees only the direction of a vector, changed at every step by noise, with its analytic gradient. */
export interface Problem {
  readonly size: number;
  gradient(w: Float64Array, step: number): Float64Array;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

export const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));

export const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => dot(a, b) / (norm(a) * norm(b));

/** Largest difference of two vectors, relative to the norm of the first. */
export const distance = (a: Float64Array, b: ArrayLike<number>): number => norm(a.map((x, i) => x - b[i]!)) / norm(a);

export function normals(random: RandomStream, size: number): Float64Array {
  return Float64Array.from({ length: size }, () => random.normal());
}

/** L(w) = Σ sin(aᵢ uᵢ + bᵢ) + ⟨ξₜ, u⟩ with u = w/‖w‖ and noise ξₜ. */
export function noisyProblem(seed: number, size: number, noise: number): Problem {
  const random = randomStream(seed, "problem");
  const a = normals(random, size);
  const b = normals(random, size);
  return {
    size,
    gradient(w, step) {
      const xi = randomStream(seed, "noise", step);
      const rho = norm(w);
      const atUnit = w.map((x, i) => a[i]! * Math.cos(a[i]! * (x / rho) + b[i]!) + noise * xi.normal());
      const radial = dot(w, atUnit) / rho;
      return atUnit.map((g, i) => (g - radial * (w[i]! / rho)) / rho);
    },
  };
}

export interface Run {
  readonly weights: Float64Array[];
  readonly momenta: Float64Array[];
}

export interface Training {
  readonly problem: Problem;
  readonly optimizer?: OptimizerKind;
  readonly rates: ArrayLike<number>;
  readonly momentum: ArrayLike<number>;
  /** Of all steps, or of each. */
  readonly decay: number | ArrayLike<number>;
  readonly w: Float64Array;
  readonly m: Float64Array;
  /** The step the arrays start at. */
  readonly from?: number;
  /** Before a step: w ← w/c, m ← c m. */
  readonly rescale?: ReadonlyMap<number, number>;
  /** Adam's gradients are multiplied by this before the moments. */
  readonly gradientScale?: ArrayLike<number>;
}

/** Trains and remembers the state before every step and at the end. */
export function train(training: Training): Run {
  const { problem, optimizer = "sgd", rates, from = 0, rescale, gradientScale } = training;
  let { w, m } = training;
  let second = new Float64Array(w.length);
  const run: Run = { weights: [], momenta: [] };
  for (let t = 0; t < rates.length; t++) {
    const c = rescale?.get(t) ?? 1;
    w = w.map((x) => x / c);
    m = m.map((x) => x * c);
    run.weights.push(w);
    run.momenta.push(m);
    const rate = rates[t]!;
    const mu = training.momentum[t]!;
    const decay = typeof training.decay === "number" ? training.decay : training.decay[t]!;
    const scale = gradientScale?.[t] ?? 1;
    const g = problem.gradient(w, from + t).map((x) => x * scale);
    if (optimizer === "sgd" || optimizer === "nesterov") {
      const decayed = g.map((x, i) => x + decay * w[i]!);
      m = m.map((x, i) => mu * x + decayed[i]!);
      w = w.map((x, i) => x - rate * (optimizer === "sgd" ? m[i]! : decayed[i]! + mu * m[i]!));
    } else if (optimizer === "sgdw") {
      m = m.map((x, i) => mu * x + g[i]!);
      w = w.map((x, i) => (1 - rate * decay) * x - rate * m[i]!);
    } else {
      const [beta1, beta2] = [0.9, 0.99];
      m = m.map((x, i) => beta1 * x + (1 - beta1) * g[i]!);
      second = second.map((x, i) => beta2 * x + (1 - beta2) * g[i]! ** 2);
      const [bias1, bias2] = [1 - beta1 ** (t + 1), 1 - beta2 ** (t + 1)];
      w = w.map((x, i) => (1 - rate * decay) * x - (rate * (m[i]! / bias1)) / Math.sqrt(second[i]! / bias2));
    }
  }
  run.weights.push(w);
  run.momenta.push(m);
  return run;
}

/** Warm-up from 0, full rate, a drop, then a cosine that ends at exactly 0. */
export function courseOfRates(base: number, steps: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, t) => {
    if (t < 40) return (base * t) / 40;
    if (t < steps / 2) return base;
    if (t < (3 * steps) / 4) return base / 10;
    return (base / 10) * (0.5 + 0.5 * Math.cos((Math.PI * (t - (3 * steps) / 4)) / (steps / 4 - 1)));
  });
}
