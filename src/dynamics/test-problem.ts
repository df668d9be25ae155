import { type RandomStream, randomStream } from "../core/index.js";
import type { OptimizerKind } from "./optimizer-kind.js";

/** A loss that sees only the direction of a vector, and noisy gradients of it. */
export interface TestProblem {
  /** Number of weights. */
  readonly size: number;
  /** E‖g̃‖², about: of the noisy gradient at unit norm. */
  readonly squaredGradient: number;
  /** Of weights of any norm but 0. */
  loss(weights: Float64Array): number;
  /** The gradient with the noise of a step, the same for every run: at right angles to the weights, and as 1/‖w‖. */
  gradient(weights: Float64Array, step: number): Float64Array;
}

const size = 32;

/** L(w) = Σ sin(aᵢuᵢ√n + bᵢ) with u = w/‖w‖ and n = 32 weights; the gradient's noise is twice as strong as its slope. */
export function testProblem(seed: number): TestProblem {
  const random = randomStream(seed, "test problem");
  const [a, b] = [normals(random), normals(random)];
  const stretch = Math.sqrt(size);
  const noise = 2 * stretch;
  let drawn = -1;
  let noiseOfStep = new Float64Array(size); // kept, as the runs take the same step one after the other
  return {
    size,
    squaredGradient: size * size * (0.5 + 4),
    loss(weights) {
      const norm = normOf(weights);
      return weights.reduce((sum, w, i) => sum + Math.sin(a[i]! * stretch * (w / norm) + b[i]!), 0);
    },
    gradient(weights, step) {
      if (step !== drawn) noiseOfStep = normals(randomStream(seed, "noise", step));
      drawn = step;
      const norm = normOf(weights);
      const atUnit = weights.map(
        (w, i) => a[i]! * stretch * Math.cos(a[i]! * stretch * (w / norm) + b[i]!) + noise * noiseOfStep[i]!,
      );
      const radial = atUnit.reduce((sum, g, i) => sum + g * weights[i]!, 0) / norm;
      return atUnit.map((g, i) => (g - radial * (weights[i]! / norm)) / norm);
    },
  };
}

/** What a run on the problem does at each step. */
export interface SimulatedRunOptions {
  readonly problem: TestProblem;
  readonly optimizer: OptimizerKind;
  readonly weights: Float64Array;
  /** η of a step. */
  rate(step: number): number;
  /** λ of a step, in the convention of the optimizer. */
  decay(step: number): number;
  /** μ of a step; `adamw` does not use it. */
  momentum(step: number): number;
  /** c by step: before it w ← w/c, and moments as gradients and their squares. */
  readonly rescale?: ReadonlyMap<number, number>;
}

/** A run under way. */
export interface SimulatedRun {
  readonly weights: Float64Array;
  /** Takes the step of this number, counted from 0. */
  take(step: number): void;
}

const [beta1, beta2] = [0.9, 0.999];

/** A run from momentum 0, by the definitions of {@link OptimizerKind}. */
export function simulatedRun({ problem, optimizer, rescale, ...options }: SimulatedRunOptions): SimulatedRun {
  let w = options.weights;
  let m = new Float64Array(w.length);
  let second = new Float64Array(w.length);

  return {
    get weights() {
      return w;
    },
    take(step) {
      const c = rescale?.get(step);
      if (c !== undefined) {
        w = w.map((x) => x / c);
        m = m.map((x) => x * c);
        second = second.map((x) => x * c * c);
      }
      const [rate, decay, mu] = [options.rate(step), options.decay(step), options.momentum(step)];
      const g = problem.gradient(w, step);
      if (optimizer === "adamw") {
        m = m.map((x, i) => beta1 * x + (1 - beta1) * g[i]!);
        second = second.map((x, i) => beta2 * x + (1 - beta2) * g[i]! ** 2);
        const [bias1, bias2] = [1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)];
        w = w.map((x, i) => (1 - rate * decay) * x - (rate * (m[i]! / bias1)) / Math.sqrt(second[i]! / bias2));
        return;
      }
      const coupled = optimizer === "sgdw" ? 0 : decay;
      const d = g.map((x, i) => x + coupled * w[i]!);
      m = m.map((x, i) => mu * x + d[i]!);
      const kept = optimizer === "sgdw" ? 1 - rate * decay : 1;
      w = w.map((x, i) => kept * x - rate * (optimizer === "nesterov" ? d[i]! + mu * m[i]! : m[i]!));
    },
  };
}

/** ‖w‖₂. */
export function normOf(weights: Float64Array): number {
  let sum = 0;
  for (const w of weights) sum += w * w;
  return Math.sqrt(sum);
}

function normals(random: RandomStream): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: size }, () => random.normal());
}
