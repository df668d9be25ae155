import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/index.js";
import {
  batchRule,
  equalTrainings,
  normAfter,
  type OptimizerKind,
  sgdEquilibrium,
  simulateTranslation,
  steadyState,
  translateSchedule,
} from "../../src/dynamics/index.js";
import { cosine, courseOfRates, noisyProblem, norm, normals, train } from "./scale-invariant.js";

const momentum = 0.9;
const constant = (value: number, length: number): Float64Array => new Float64Array(length).fill(value);
const kinds: readonly OptimizerKind[] = ["sgd", "nesterov", "sgdw", "adamw"];

describe("trainings with the same ηλ", () => {
  const [rate, weightDecay, steps] = [0.05, 0.02, 300];
  const problem = noisyProblem(1, 12, 1);
  const w = normals(randomStream(1, "w"), 12);
  const run = (optimizer: OptimizerKind, base: number, decay: number, scale: number) =>
    train({
      problem,
      optimizer,
      rates: courseOfRates(base, steps),
      momentum: constant(momentum, steps),
      decay,
      w: w.map((x) => x * scale),
      m: new Float64Array(12),
    }).weights;

  test.each(kinds)("%s: weights a times as long at the start stay so, to rounding", (optimizer) => {
    const original = run(optimizer, rate, weightDecay, 1);
    const members = equalTrainings({ rate, weightDecay, momentum, optimizer, weightDecays: [0.08, 0.02, 0.005] });
    for (const member of members) {
      expect(member.rate * member.weightDecay).toBeCloseTo(rate * weightDecay, 15);
      const scaled = run(optimizer, member.rate, member.weightDecay, member.norm);
      const unscaled = run(optimizer, member.rate, member.weightDecay, 1);
      scaled.forEach((v, t) => {
        expect(1 - cosine(v, original[t]!)).toBeLessThan(1e-12);
        expect(norm(v) / norm(original[t]!) / member.norm).toBeCloseTo(1, 10);
      });
      if (member.norm !== 1) expect(1 - cosine(unscaled.at(-1)!, original.at(-1)!)).toBeGreaterThan(1e-5);
    }
    expect(new Set(members.map(({ timeScale }) => timeScale.toPrecision(12))).size).toBe(1);
    expect(new Set(members.map(({ rotation }) => rotation.toPrecision(12))).size).toBe(1);
  });

  test("the norms are those of the equilibria, and so is the time to reach them", () => {
    const [member] = equalTrainings({ rate, weightDecay, momentum, weightDecays: [0.005] });
    const settle = (of: { rate: number; weightDecay: number }) =>
      sgdEquilibrium({ ...of, momentum, squaredGradient: 3 });
    const [from, to] = [settle({ rate, weightDecay }), settle(member!)];
    expect(member!.norm).toBeCloseTo(to.norm / from.norm, 12);
    const after = normAfter(to, 0, member!.timeScale) ** 4 / to.norm ** 4;
    expect(after).toBeCloseTo(1 - Math.exp(-1), 12);
  });
});

describe("the balance of the optimizers that have no formula of their own", () => {
  test.each<[OptimizerKind, number]>([
    ["nesterov", 0.9],
    ["nesterov", 0.5],
    ["sgdw", 0.9],
    ["sgdw", 0.5],
  ])("%s at momentum %d: the measured rotation, within 3 per cent", (optimizer, mu) => {
    const [steps, size] = [12_000, 64];
    const [rate, weightDecay] = optimizer === "nesterov" ? [0.05, 0.002] : [0.05, 0.002 / (1 - mu)];
    const problem = noisyProblem(7, size, 30);
    const { rotation } = steadyState({ rate, weightDecay, momentum: mu, optimizer });
    const w = normals(randomStream(7, "w"), size).map((x) => 5 * x);
    const rates = constant(rate, steps);
    const run = train({
      problem,
      optimizer,
      rates,
      momentum: constant(mu, steps),
      decay: weightDecay,
      w,
      m: w.map(() => 0),
    });
    let squares = 0;
    for (let t = steps / 2; t < steps; t++) {
      const [a, b] = [run.weights[t]!, run.weights[t + 1]!];
      const chord = norm(a.map((x, i) => x / norm(a) - b[i]! / norm(b)));
      squares += (2 * Math.asin(chord / 2)) ** 2;
    }
    expect(Math.abs(Math.sqrt(squares / (steps / 2)) / rotation - 1)).toBeLessThan(0.03);
  });
});

describe("the rule for a changed batch size", () => {
  test.each(kinds)("%s: rotation variance and time scale per example are kept", (optimizer) => {
    const { from, to } = batchRule({ rate: 0.1, weightDecay: 5e-4, momentum, optimizer, batch: 128, toBatch: 512 });
    expect(to.rotationPerExample / from.rotationPerExample).toBeCloseTo(1, 12);
    expect(to.timeScale / from.timeScale).toBeCloseTo(1, 12);
    expect((to.rate * to.weightDecay) / (from.rate * from.weightDecay)).toBeCloseTo(4, 12);
    expect(to.rate / from.rate).toBeCloseTo(optimizer === "adamw" ? 2 : 4, 12);
  });

  test("and on noise that falls as 1/√B the weights turn alike, which they do not at the old rate", () => {
    // A signal that turns the direction slowly, under noise that a batch four times as large halves.
    const turned = (ratio: number, rateFactor: number): number => {
      const steps = 8000 / ratio;
      const rates = constant(0.02 * rateFactor, steps);
      const problem = noisyProblem(2, 64, 20 / Math.sqrt(ratio));
      const w = normals(randomStream(2, "w"), 64).map((x) => 2 * x);
      const run = train({ problem, rates, momentum: constant(0.5, steps), decay: 0.02, w, m: w.map(() => 0) });
      let sum = 0;
      for (let t = steps / 2; t < steps; t++) {
        const [a, b] = [run.weights[t]!, run.weights[t + 1]!];
        sum += norm(a.map((x, i) => x / norm(a) - b[i]! / norm(b))) ** 2;
      }
      return sum;
    };
    expect(turned(4, 4) / turned(1, 1)).toBeCloseTo(1, 1);
    expect(turned(4, 1) / turned(1, 1)).toBeLessThan(0.4);
  });
});

describe("a translation tried out", () => {
  const rates = courseOfRates(0.1, 1000);
  const simulate = (optimizer: OptimizerKind, weightDecay: number) =>
    simulateTranslation({
      rates,
      weightDecay,
      optimizer,
      translated: translateSchedule({ rates, weightDecay, optimizer, rescaleBelow: 0.9 }),
    });

  test.each<[OptimizerKind, number]>([
    ["sgd", 5e-3],
    ["sgdw", 5e-2],
  ])("%s disagrees by rounding", (optimizer, weightDecay) => {
    const { translated, untranslated, steps, complete } = simulate(optimizer, weightDecay);
    expect([steps, complete]).toEqual([1000, true]);
    expect(translated.largestAngle).toBeLessThan(1e-12);
    expect(translated.largestLoss).toBeLessThan(1e-12);
    expect(untranslated.largestAngle).toBeGreaterThan(0.03);
  });

  test.each<[OptimizerKind, number]>([
    ["nesterov", 5e-3],
    ["adamw", 5e-2],
  ])("%s disagrees by more than rounding and less than without a translation", (optimizer, weightDecay) => {
    const { translated, untranslated } = simulate(optimizer, weightDecay);
    expect(translated.largestAngle).toBeGreaterThan(1e-6);
    expect(translated.largestAngle).toBeLessThan(untranslated.largestAngle / 2);
    expect(translated.finalAngle).toBeLessThanOrEqual(translated.largestAngle);
  });

  test("turns as the equilibrium says, starts no longer than asked, and is the same every time", () => {
    const constantRates = constant(0.1, 6000);
    const options = {
      rates: constantRates,
      weightDecay: 5e-4,
      translated: translateSchedule({ rates: constantRates, weightDecay: 5e-4 }),
    };
    const simulation = simulateTranslation({ ...options, maximalSteps: 2000 });
    expect([simulation.steps, simulation.complete]).toEqual([2000, false]);
    const { rotation } = steadyState({ rate: 0.1, weightDecay: 5e-4 });
    expect(Math.abs(simulation.rotation / rotation - 1)).toBeLessThan(0.1);
    expect(simulateTranslation({ ...options, maximalSteps: 2000 })).toEqual(simulation);
  });
});
