import { describe, expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../src/core/index.js";
import { adamWEquilibrium, type Equilibrium, normAfter, sgdEquilibrium } from "../../src/dynamics/index.js";
import { cosine, norm, normals } from "./scale-invariant.js";

const size = 200;

interface Measured {
  readonly meanPower: number;
  readonly rotation: number;
  /** ‖w‖ as it relaxes, before step t. */
  readonly norms: Float64Array;
}

/** Trains on pure noise (gradients of unit-variance entries, made tangent), and averages over the second half. */
function simulate(
  steps: number,
  power: number,
  update: (w: Float64Array, g: Float64Array) => Float64Array,
  initialNorm: number,
): Measured {
  const random = randomStream(11, "equilibrium");
  let w = normals(random, size);
  const length = norm(w);
  w = w.map((x) => (x / length) * initialNorm);
  const norms = new Float64Array(steps);
  let [meanPower, rotation] = [0, 0];
  const half = Math.floor(steps / 2);
  for (let t = 0; t < steps; t++) {
    const rho = norm(w);
    norms[t] = rho;
    const noise = normals(random, size);
    let radial = 0;
    for (let i = 0; i < size; i++) radial += (noise[i]! * w[i]!) / rho;
    const next = update(
      w,
      noise.map((g, i) => (g - radial * (w[i]! / rho)) / rho),
    );
    if (t >= half) {
      meanPower += rho ** power / (steps - half);
      rotation += Math.acos(Math.min(1, cosine(w, next))) / (steps - half);
    }
    w = next;
  }
  return { meanPower, rotation, norms };
}

function sgd(rate: number, decay: number, momentum: number) {
  let m = new Float64Array(size);
  return (w: Float64Array, g: Float64Array): Float64Array => {
    m = m.map((x, i) => momentum * x + g[i]! + decay * w[i]!);
    return w.map((x, i) => x - rate * m[i]!);
  };
}

function adamW(rate: number, decay: number, beta1: number, beta2: number) {
  let [m, v] = [new Float64Array(size), new Float64Array(size)];
  let step = 0;
  return (w: Float64Array, g: Float64Array): Float64Array => {
    step++;
    m = m.map((x, i) => beta1 * x + (1 - beta1) * g[i]!);
    v = v.map((x, i) => beta2 * x + (1 - beta2) * g[i]! ** 2);
    return w.map(
      (x, i) =>
        (1 - rate * decay) * x - (rate * (m[i]! / (1 - beta1 ** step))) / Math.sqrt(v[i]! / (1 - beta2 ** step)),
    );
  };
}

function expectWithin(measured: number, predicted: number, tolerance: number): void {
  expect(Math.abs(measured / predicted - 1)).toBeLessThan(tolerance);
}

describe("SGD with momentum settles where the formula says", () => {
  // ηλ = 5·10⁻⁴ ≪ 1 − μ: what the formula neglects is of that order over 1 − μ, half a per cent.
  test.each([0, 0.5, 0.9])("at momentum %d, within 3 per cent", (momentum) => {
    const [rate, weightDecay] = [0.01, 0.05];
    const predicted = sgdEquilibrium({ rate, weightDecay, momentum, squaredGradient: size - 1 });
    const measured = simulate(10_000, 4, sgd(rate, weightDecay, momentum), 2 * predicted.norm);
    expectWithin(measured.meanPower, predicted.norm ** 4, 0.03);
    expectWithin(measured.rotation, predicted.rotation, 0.03);
    expectRelaxation(measured, predicted, 2, momentum);
  });
});

describe("AdamW settles where the formula says", () => {
  test.each([0.5, 0.9])("at β₁ = %d, within 3 per cent", (beta1) => {
    const [rate, weightDecay] = [0.01, 0.05];
    const predicted = adamWEquilibrium({ rate, weightDecay, beta1, size });
    const measured = simulate(16_000, 2, adamW(rate, weightDecay, beta1, 0.999), 1.5 * predicted.norm);
    expectWithin(measured.meanPower, predicted.norm ** 2, 0.03);
    expectWithin(measured.rotation, predicted.rotation, 0.03);
    expectRelaxation(measured, predicted, 1.5);
  });
});

/**
 * Half way down, the course of ‖w‖ⁿ is within 5% of its starting distance from the exponential. The momentum is empty at
 * first, so that decay takes hold μ/(1 − μ) steps late.
 */
function expectRelaxation({ norms }: Measured, equilibrium: Equilibrium, start: number, momentum = 0): void {
  const { norm: limit, power, relaxation } = equilibrium;
  const halfLife = Math.round(Math.LN2 / relaxation);
  const distance = (start ** power - 1) * limit ** power;
  const predicted = normAfter(equilibrium, start * limit, halfLife);
  expectWithin(predicted ** power - limit ** power, distance / 2, 0.01);
  expect(Math.abs(norms[halfLife + Math.round(momentum / (1 - momentum))]! ** power - predicted ** power)).toBeLessThan(
    0.05 * distance,
  );
}

test("bad arguments name themselves", () => {
  const good = { rate: 0.1, weightDecay: 5e-4, squaredGradient: 1 };
  expect(() => sgdEquilibrium({ ...good, weightDecay: 0 })).toThrow(InvalidArgumentError);
  expect(() => sgdEquilibrium({ ...good, weightDecay: 0 })).toThrow(/sgdEquilibrium: expected weightDecay > 0, got 0/);
  expect(() => sgdEquilibrium({ ...good, momentum: 1 })).toThrow(/momentum in \[0, 1\), got 1/);
  expect(() => adamWEquilibrium({ rate: 0.1, weightDecay: 0.1, size: 5, beta1: 1 })).toThrow(/beta1 in \[0, 1\)/);
});
