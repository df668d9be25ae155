import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import {
  forgottenAfter,
  groupSquaredChords,
  normLimit,
  type OptimizerKind,
  persistence,
  rotationPerStep,
  squaredWalk,
  steadyState,
  walkLength,
} from "../../src/dynamics/index.js";
import { norm, normals } from "./scale-invariant.js";

const size = 128;
const channels = 8;

/** What a step adds to a channel's gradients: noise alone, or noise around a pull towards a fixed direction. */
type Gradient = (random: ReturnType<typeof randomStream>, w: Float64Array, channel: number) => Float64Array;

const noise: Gradient = (random) => normals(random, size);

interface Course {
  /** Channels × weights, before each recorded step. */
  readonly weights: readonly Float64Array[];
}

/** Trains channels whose gradients are made tangent and inversely proportional to their norm, as a normalization makes them. */
function course(
  optimizer: OptimizerKind,
  numbers: { readonly rate: number; readonly weightDecay: number; readonly momentum: number },
  steps: number,
  gradient: Gradient = noise,
): Course {
  const { rate, weightDecay, momentum } = numbers;
  const random = randomStream(5, "walk", optimizer);
  const weights: Float64Array[] = Array.from({ length: steps }, () => new Float64Array(channels * size));
  const warm = 1500;
  for (let channel = 0; channel < channels; channel++) {
    let w = normals(random, size);
    let m = new Float64Array(size);
    let v = new Float64Array(size);
    for (let t = 0; t < warm + steps; t++) {
      if (t >= warm) weights[t - warm]!.set(w, channel * size);
      const rho = norm(w);
      const raw = gradient(random, w, channel);
      let radial = 0;
      for (let i = 0; i < size; i++) radial += raw[i]! * w[i]!;
      const g = raw.map((x, i) => (x - (radial * w[i]!) / rho ** 2) / rho);
      if (optimizer === "sgd" || optimizer === "nesterov") {
        const decayed = g.map((x, i) => x + weightDecay * w[i]!);
        m = m.map((x, i) => momentum * x + decayed[i]!);
        const look = optimizer === "nesterov";
        w = w.map((x, i) => x - rate * (look ? decayed[i]! + momentum * m[i]! : m[i]!));
      } else if (optimizer === "sgdw") {
        m = m.map((x, i) => momentum * x + g[i]!);
        w = w.map((x, i) => (1 - rate * weightDecay) * x - rate * m[i]!);
      } else {
        m = m.map((x, i) => momentum * x + (1 - momentum) * g[i]!);
        v = v.map((x, i) => 0.999 * x + 0.001 * g[i]! ** 2);
        const fix = [1 - momentum ** (t + 1), 1 - 0.999 ** (t + 1)] as const;
        w = w.map((x, i) => (1 - rate * weightDecay) * x - (rate * (m[i]! / fix[0])) / Math.sqrt(v[i]! / fix[1]));
      }
    }
  }
  return { weights };
}

const shaped = (data: Float64Array) => ({ dtype: "float64" as const, shape: [channels, size], data });

/** Walks of all channels between pairs of weights k apart, one pair every k. */
function walks({ weights }: Course, k: number, times = 1): number[] {
  const found: number[] = [];
  for (let t = 0; t + times * k < weights.length; t += k) {
    found.push(...groupSquaredChords(shaped(weights[t]!), shaped(weights[t + times * k]!)).map(squaredWalk));
  }
  return found;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

// Decay shortens by D = 2·10⁻³ a step in each, which is also the order of what the formulas neglect.
const settings = [
  ["sgd", { rate: 0.02, weightDecay: 0.01, momentum: 0.9 }],
  ["sgd", { rate: 0.02, weightDecay: 0.1, momentum: 0 }],
  ["nesterov", { rate: 0.02, weightDecay: 0.01, momentum: 0.9 }],
  ["sgdw", { rate: 0.02, weightDecay: 0.1, momentum: 0.9 }],
  ["adamw", { rate: 0.02, weightDecay: 0.1, momentum: 0.9 }],
] as const;

describe.each(settings)("%s %o at equilibrium", (optimizer, numbers) => {
  const run = course(optimizer, numbers, 2001);
  const steady = steadyState({ optimizer, ...numbers });
  const options = { optimizer, momentum: numbers.momentum };

  it("turns in one step as the steady state says, to 2%", () => {
    const measured = Math.sqrt(median(walks(run, 1)));
    expect(Math.abs(measured / steady.rotation - 1)).toBeLessThan(0.02);
  });

  it.each([2, 5, 20, 100, 400])("tells the rotation of a step from directions %d apart, to 4 per cent", (k) => {
    const found = walks(run, k);
    const estimate = rotationPerStep({ walk: median(found), steps: k }, options);
    expect(Math.abs(estimate / steady.rotation - 1)).toBeLessThan(0.04);
    // A walk without the momentum's memory would be wrong by the root of (1 + μ)/(1 − μ), 4.4 for heavy ball.
    if (numbers.momentum > 0 && k > 10) {
      expect(rotationPerStep({ walk: median(found), steps: k }, { momentum: 0 }) / steady.rotation).toBeGreaterThan(
        2.5,
      );
    }
  });

  it("has moves that do not know of each other", () => {
    const [single, double] = [median(walks(run, 20)), median(walks(run, 20, 2))];
    const move = { walk: single, steps: 20 };
    expect(Math.abs(persistence(move, move, double, options))).toBeLessThan(0.05);
  });

  it("forgets its direction when it is said to", () => {
    const k = forgottenAfter(steady.rotation, size, options);
    expect(Math.abs(k / (Math.log(size) / (2 * 2e-3)) - 1)).toBeLessThan(0.02);
  });
});

it("the error of an estimate is the stated one", () => {
  const run = course("sgd", { rate: 0.02, weightDecay: 0.1, momentum: 0 }, 2001);
  const errors = walks(run, 20).map((walk) => Math.log(rotationPerStep({ walk, steps: 20 }, { momentum: 0 })));
  const mean = errors.reduce((sum, x) => sum + x, 0) / errors.length;
  const spread = Math.sqrt(errors.reduce((sum, x) => sum + (x - mean) ** 2, 0) / errors.length);
  expect(errors.length).toBeGreaterThan(700);
  expect(Math.abs(spread * Math.sqrt(2 * (size - 1)) - 1)).toBeLessThan(0.15);
});

it("a drift is told from a walk, and both together give the rotation of a step", () => {
  // A direction that turns by a fixed angle in a plane, with noise across: 0.01 of drift and 0.03 of noise a step.
  const random = randomStream(2, "drift");
  const steps = 401;
  const weights = Array.from({ length: steps }, () => new Float64Array(channels * size));
  const rms = Math.hypot(0.01, 0.03);
  for (let channel = 0; channel < channels; channel++) {
    const wander = new Float64Array(size);
    for (let t = 0; t < steps; t++) {
      const w = wander.slice();
      w[0] = Math.cos(0.01 * t);
      w[1] = Math.sin(0.01 * t);
      weights[t]!.set(w, channel * size);
      for (let i = 2; i < size; i++) wander[i]! += (0.03 / Math.sqrt(size - 2)) * random.normal();
    }
  }
  const few = { weights: weights.slice(0, 101) };
  const [single, double] = [median(walks(few, 10)), median(walks(few, 10, 2))];
  const move = { walk: single, steps: 10 };
  const alike = persistence(move, move, double, { momentum: 0 });
  expect(alike).toBeGreaterThan(0.3);
  const split = rotationPerStep(move, { momentum: 0 }, alike);
  const walkOnly = rotationPerStep(move, { momentum: 0 });
  expect(walkOnly / rms).toBeGreaterThan(1.15);
  expect(Math.abs(split / rms - 1)).toBeLessThan(0.08);
});

it.each([
  ["sgd", 4],
  ["adamw", 2],
] as const)("%s: the norm's limit follows from the rotation", (optimizer, power) => {
  const steady = steadyState({ optimizer, rate: 0.1, weightDecay: 5e-4 });
  expect(steady.power).toBe(power);
  // At twice the limit a step turns by 2^(−n/2) of the limit's angle.
  expect(normLimit(6, steady.rotation * 2 ** (-power / 2), steady)).toBeCloseTo(3, 12);
});

it("lengths of walks", () => {
  expect(walkLength(1)).toBe(1);
  expect(walkLength(7, { momentum: 0 })).toBe(7);
  // Two steps of heavy ball: 1 + 1 + 2μ.
  expect(walkLength(2, { momentum: 0.9 })).toBeCloseTo(3.8, 12);
  expect(walkLength(1e6, { momentum: 0.9 }) / 1e6).toBeCloseTo(19, 2);
  expect(() => walkLength(0)).toThrow(/a positive integer number of steps, got 0/);
  expect(() => walkLength(1, { momentum: 1 })).toThrow(/momentum in \[0, 1\), got 1/);
  const turned = (k: number) => ({ walk: (0.001 * k) ** 2, steps: k }); // one plane, one pace
  expect(persistence(turned(10), turned(30), turned(40).walk)).toBeCloseTo(1, 9);
  expect(persistence(turned(1), turned(1), turned(2).walk)).toBeNaN();
  expect(squaredWalk(2)).toBe(Number.POSITIVE_INFINITY);
  expect(squaredWalk(1e-12)).toBeCloseTo(1e-12, 20);
});
