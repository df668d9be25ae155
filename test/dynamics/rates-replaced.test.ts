import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../src/core/index.js";
import {
  decaysForRates,
  normsForRates,
  type OptimizerKind,
  type TranslatedSchedule,
  translateSchedule,
  unrescaled,
} from "../../src/dynamics/index.js";
import { cosine, courseOfRates, noisyProblem, norm, normals, train } from "./scale-invariant.js";

const momentum = 0.9;
const constant = (value: number, length: number): Float64Array => new Float64Array(length).fill(value);

interface Replaced {
  readonly rates: Float64Array;
  readonly weightDecay: number;
  readonly optimizer?: OptimizerKind;
  readonly schedule: TranslatedSchedule & { readonly toWeightDecay?: Float64Array };
}

/** Trains the original and the replaced run side by side; the largest 1 − cosine, and distance from the promised norms. */
function compare({ rates, weightDecay, optimizer = "sgd", schedule }: Replaced) {
  const problem = noisyProblem(3, 12, 1);
  const w = normals(randomStream(3, "w"), 12);
  const m = new Float64Array(12);
  const steps = rates.length;
  const shared = { problem, optimizer, w, m };
  const original = train({ ...shared, rates, momentum: constant(momentum, steps), decay: weightDecay });
  const replaced = train({
    ...shared,
    rates: schedule.learningRate,
    momentum: schedule.momentum,
    decay: schedule.toWeightDecay ?? 0,
    rescale: new Map(schedule.rescaleEvents.map(({ step, factor }) => [step, factor])),
  });
  let [direction, ratio] = [0, 0];
  original.weights.forEach((weight, t) => {
    const other = replaced.weights[t]!;
    direction = Math.max(direction, 1 - cosine(weight, other));
    ratio = Math.max(ratio, Math.abs(norm(other) / norm(weight) / schedule.normRatio[t]! - 1));
  });
  return { direction, ratio };
}

/** Rates as growing as those that no decay needs, from a warm-up on. */
function growing(steps: number): { rates: Float64Array; base: Float64Array } {
  const base = Float64Array.from({ length: steps }, (_, t) => 0.05 * Math.min(1, (t + 1) / 20));
  return { rates: translateSchedule({ rates: base, weightDecay: 0.01 }).learningRate, base };
}

describe("a decay in place of growing rates", () => {
  test("finds the constant decay that the growth came from", () => {
    const { rates, base } = growing(400);
    const { toWeightDecay, rescaleEvents } = decaysForRates({ rates, weightDecay: 0, toRates: base });
    expect(rescaleEvents).toEqual([]);
    for (const decay of toWeightDecay) expect(Math.abs(decay / 0.01 - 1)).toBeLessThan(1e-8);
  });

  test.each<OptimizerKind>(["sgd", "sgdw"])("%s: the replaced run takes the same directions", (optimizer) => {
    const rates = Float64Array.from({ length: 300 }, (_, t) => 0.03 * 1.004 ** t * (1 + 0.0003 * Math.sin(t)));
    for (const weightDecay of [0, 0.01]) {
      const schedule = decaysForRates({ rates, weightDecay, toRates: 0.05, optimizer });
      expect(new Set(schedule.learningRate)).toEqual(new Set([0.05]));
      expect(Math.min(...schedule.toWeightDecay)).toBeGreaterThan(0);
      const { direction, ratio } = compare({ rates, weightDecay, optimizer, schedule });
      expect(direction).toBeLessThan(1e-12);
      expect(ratio).toBeLessThan(1e-10);
    }
  });

  test("exponentially growing rates need a rescaled start, and then a nearly constant decay", () => {
    const rates = Float64Array.from({ length: 500 }, (_, t) => 0.05 * 1.002 ** t);
    const { toWeightDecay, rescaleEvents } = decaysForRates({ rates, weightDecay: 0, toRates: 0.05 });
    expect(rescaleEvents).toHaveLength(1);
    expect(rescaleEvents[0]!.factor).toBeCloseTo(1.002 ** -0.25, 5);
    // In the end κ = λ' with √g the larger root of the constant schedule: ηλ' = (1 − 1/√g)(√g − μ).
    const x = 1.002 ** -0.5;
    const decay = ((1 - x) * (1 - momentum / x)) / 0.05;
    for (const value of toWeightDecay.subarray(100)) expect(Math.abs(value / decay - 1)).toBeLessThan(0.05);
  });

  test("steps without a rate share the decay of the next one", () => {
    const base = Float64Array.of(0, 0, 0.1, 0.1, 0, 0.2, 0, 0);
    const there = translateSchedule({ rates: base, weightDecay: 0.02 });
    const back = decaysForRates({ rates: there.learningRate, weightDecay: 0, toRates: base });
    for (const decay of back.toWeightDecay) expect(decay).toBeCloseTo(0.02, 12);
  });

  test("a rate that falls needs a decay below 0, which is refused with the step", () => {
    const rates = Float64Array.of(0.1, 0.1, 0.1, 0.01, 0.01);
    const run = () => decaysForRates({ rates, weightDecay: 5e-4, toRates: 0.1 });
    expect(run).toThrow(InvalidArgumentError);
    expect(run).toThrow(/decaysForRates, step 4: .*original rate, 0\.01 here, falls behind.*--by norms/);
    // Together with the wanted rate it may fall.
    expect(decaysForRates({ rates, weightDecay: 5e-4, toRates: rates }).toWeightDecay[4]).toBeCloseTo(5e-4, 12);
  });

  test.each([
    [
      { rates: [0.1], weightDecay: 0, toRates: [0] },
      /step 1: expected two positive rates, or two of 0, got 0\.1 and 0/,
    ],
    [{ rates: [0, 0.1], weightDecay: 0, toRates: [0.1, 0.1] }, /step 1: .*got 0 and 0\.1/],
    [{ rates: [0.1], weightDecay: 0, toRates: -1 }, /got 0\.1 and -1/],
    [{ rates: [0.1], weightDecay: 0, toRates: [0.1, 0.1] }, /a toRates for each of 1 steps, got 2/],
    [{ rates: [0.1], weightDecay: [-1], toRates: 0.1 }, /weightDecay ≥ 0, got -1/],
  ])("%j is refused", (options, message) => {
    expect(() => decaysForRates(options)).toThrow(message);
  });
});

describe("norms in place of a schedule", () => {
  const rates = courseOfRates(0.05, 400);

  test.each<[OptimizerKind, number]>([
    ["sgd", 0.02],
    ["sgd", 0],
    ["sgdw", 0.02],
  ])("%s, λ = %d: warm-up, drop and cosine at one constant rate, exactly", (optimizer, weightDecay) => {
    const schedule = normsForRates({ rates, weightDecay, toRates: 0.1, optimizer });
    rates.forEach((rate, t) => void expect(schedule.learningRate[t]).toBe(rate === 0 ? 0 : 0.1));
    const { direction, ratio } = compare({ rates, weightDecay, optimizer, schedule });
    expect(direction).toBeLessThan(1e-12);
    expect(ratio).toBeLessThan(1e-11);
  });

  test("without decay the norm goes as √(η₀/η)", () => {
    const { normRatio } = normsForRates({ rates, weightDecay: 0, toRates: 0.1 });
    for (const t of [10, 100, 250, 350]) expect(normRatio[t]! / Math.sqrt(0.1 / rates[t]!)).toBeCloseTo(1, 12);
  });
});

const rate = fc.double({ min: 1e-3, max: 1, noNaN: true });
/** Warm-ups, drops, cosines, zeros and anything else, as a list of pieces. */
const schedule = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant("warm-up" as const), rate, length: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant("drop" as const), rate, length: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant("cosine" as const), rate, length: fc.integer({ min: 2, max: 40 }) }),
      fc.record({ kind: fc.constant("zeros" as const), rate, length: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant("noise" as const), rate, length: fc.integer({ min: 1, max: 10 }) }),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((pieces) =>
    Float64Array.from(
      pieces.flatMap(({ kind, rate: top, length }) =>
        Array.from({ length }, (_, t) => {
          if (kind === "warm-up") return (top * t) / length;
          if (kind === "cosine") return (top * (1 + Math.cos((Math.PI * t) / (length - 1)))) / 2;
          if (kind === "zeros") return 0;
          return kind === "drop" ? top : top * (0.5 + 0.5 * Math.sin(12.9898 * (t + 1)) ** 2);
        }),
      ),
    ),
  );

describe("there and back again, for random hyperparameters and schedules", () => {
  const settings = fc.record({
    rates: schedule,
    mu: fc.double({ min: 0, max: 0.98, noNaN: true }),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    to: fc.double({ min: 0, max: 1, noNaN: true }),
    optimizer: fc.constantFrom<OptimizerKind>("sgd", "nesterov", "sgdw", "adamw"),
  });
  /** Decays up to what can always be removed at a rate of 1. */
  const decays = ({ mu, from, to }: { mu: number; from: number; to: number }) =>
    [from, to].map((part) => 0.99 * part * (1 - Math.sqrt(mu)) ** 2) as [number, number];

  test("another decay and back gives the rates to 1e-9", () => {
    fc.assert(
      fc.property(settings, ({ rates, mu, optimizer, ...parts }) => {
        const [weightDecay, toWeightDecay] = decays({ mu, ...parts });
        const options = { momentum: mu, optimizer };
        const there = translateSchedule({ ...options, rates, weightDecay, toWeightDecay });
        // A decoupled heavy ball goes back with the momenta it was given, which no option takes: its rates do not see them.
        const back = translateSchedule({
          ...options,
          rates: there.learningRate,
          weightDecay: toWeightDecay,
          toWeightDecay: weightDecay,
        });
        rates.forEach((eta, t) => void expect(Math.abs(back.learningRate[t]! - eta)).toBeLessThanOrEqual(1e-9 * eta));
        const drift = Math.abs(back.logNormRatio.at(-1)! + there.logNormRatio.at(-1)!);
        expect(drift).toBeLessThanOrEqual(1e-9);
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  test("the wanted rates and back: the decays found lead from the rates to those wanted", () => {
    fc.assert(
      fc.property(settings, ({ rates, mu, optimizer, ...parts }) => {
        const [weightDecay, toWeightDecay] = decays({ mu, ...parts });
        const options = { momentum: mu, optimizer };
        const wanted = translateSchedule({ ...options, rates, weightDecay, toWeightDecay }).learningRate;
        const found = decaysForRates({ ...options, rates, weightDecay, toRates: wanted });
        const there = translateSchedule({ ...options, rates, weightDecay, toWeightDecay: found.toWeightDecay });
        const back = translateSchedule({
          ...options,
          rates: found.learningRate,
          weightDecay: found.toWeightDecay,
          toWeightDecay: weightDecay,
        });
        rates.forEach((eta, t) => {
          expect(Math.abs(there.learningRate[t]! - wanted[t]!)).toBeLessThanOrEqual(1e-9 * wanted[t]!);
          expect(Math.abs(back.learningRate[t]! - eta)).toBeLessThanOrEqual(1e-9 * eta);
        });
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test("rescaled on the way there, with a decay left, and back", () => {
    fc.assert(
      fc.property(settings, ({ rates, mu, optimizer, ...parts }) => {
        const [weightDecay, toWeightDecay] = decays({ mu, ...parts });
        const options = { momentum: mu, optimizer };
        const there = translateSchedule({ ...options, rates, weightDecay, toWeightDecay, rescaleBelow: 0.99 });
        const same = unrescaled({ ...there, weightDecay: toWeightDecay }, optimizer);
        const back = translateSchedule({
          ...options,
          rates: same.rates,
          weightDecay: same.weightDecay,
          toWeightDecay: weightDecay,
        });
        rates.forEach((eta, t) => void expect(Math.abs(back.learningRate[t]! - eta)).toBeLessThanOrEqual(1e-9 * eta));
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  test("norms in place of the rates and back", () => {
    fc.assert(
      fc.property(
        settings,
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        ({ rates, mu, optimizer, ...parts }, to) => {
          const [weightDecay] = decays({ mu, ...parts });
          const there = normsForRates({ rates, weightDecay, momentum: mu, optimizer, toRates: to });
          const back = translateSchedule({
            rates: unrescaled({ ...there, weightDecay: 0 }, optimizer).rates,
            weightDecay: 0,
            toWeightDecay: weightDecay,
            momentum: mu,
            optimizer,
          });
          rates.forEach((eta, t) => void expect(Math.abs(back.learningRate[t]! - eta)).toBeLessThanOrEqual(1e-9 * eta));
        },
      ),
      { numRuns: 300, seed: 6 },
    );
  });
});
