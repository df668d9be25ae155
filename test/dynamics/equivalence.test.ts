import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../src/core/index.js";
import {
  decayRemovalLimit,
  type OptimizerKind,
  paperCorrectedRate,
  plainSgdCorrectedRate,
  scheduleTranslator,
  type TranslationOptions,
  translateSchedule,
  translateState,
} from "../../src/dynamics/index.js";
import { cosine, courseOfRates, distance, noisyProblem, norm, normals, train } from "./scale-invariant.js";

const steps = 400;
const momentum = 0.9;
const constant = (value: number, length = steps): Float64Array => new Float64Array(length).fill(value);

interface Compared {
  /** Largest relative distance, over all steps, of weights and momenta from what the mapping of states says. */
  readonly state: number;
  /** Largest 1 − cosine between the directions. */
  readonly direction: number;
  /** Largest relative distance between the measured and the promised norm ratio. */
  readonly ratio: number;
}

/** Trains both runs from one state, momentum included, and measures how far they part. */
function compare(options: TranslationOptions & { readonly rates: Float64Array }, seed = 1, scaled = false): Compared {
  const { weightDecay, toWeightDecay = 0, rates, optimizer = "sgd", momentum: mu = momentum } = options;
  const problem = noisyProblem(seed, 12, 1);
  const random = randomStream(seed, "start");
  const w = normals(random, 12);
  // Adam starts from empty moments, as its bias correction assumes.
  const m = optimizer === "adamw" ? new Float64Array(12) : normals(random, 12);
  const translated = translateSchedule(options);
  const original = train({ problem, optimizer, rates, momentum: constant(mu, rates.length), decay: weightDecay, w, m });
  const other = train({
    problem,
    optimizer,
    rates: translated.learningRate,
    momentum: translated.momentum,
    decay: toWeightDecay,
    w,
    m,
    rescale: new Map(translated.rescaleEvents.map(({ step, factor }) => [step, factor])),
    ...(scaled ? { gradientScale: translated.normRatio } : {}),
  });

  const translator = scheduleTranslator(options);
  let [state, direction, ratio] = [0, 0, 0];
  for (let t = 0; t <= rates.length; t++) {
    const [v, n] = [other.weights[t]!, other.momenta[t]!];
    direction = Math.max(direction, 1 - cosine(v, original.weights[t]!));
    ratio = Math.max(ratio, Math.abs(norm(v) / norm(original.weights[t]!) / translated.normRatio[t]! - 1));
    // A state names what holds before the rescaling of its step, which happens at the start of next().
    const mapped = translateState({ weight: original.weights[t]!, momentum: original.momenta[t]! }, translator.state);
    const c = t < rates.length ? (translator.next(rates[t]!).rescale ?? 1) : 1;
    const expected = [mapped.weight.map((x) => x / c), mapped.momentum.map((x) => x * c)] as const;
    state = Math.max(state, distance(expected[0], v), distance(expected[1], n));
  }
  return { state, direction, ratio };
}

describe("heavy ball with coupled decay is translated exactly", () => {
  const rates = courseOfRates(0.05, steps);

  test.each([
    ["decay removed", 0.02, 0],
    ["decay lowered", 0.02, 0.005],
    ["decay raised", 0.005, 0.02],
    ["decay introduced", 0, 0.02],
  ])("%s, through warm-up from 0, a drop and a cosine to 0, from a momentum that is not 0", (_, from, to) => {
    for (const seed of [1, 2, 3]) {
      const { state, ratio } = compare({ rates, weightDecay: from, toWeightDecay: to }, seed);
      expect(state).toBeLessThan(1e-12);
      expect(ratio).toBeLessThan(1e-12);
    }
  });

  test.each([0, 0.5, 0.99])("at momentum %d", (mu) => {
    const weightDecay = (0.5 * decayRemovalLimit(mu)) / 0.05;
    expect(compare({ rates, weightDecay, momentum: mu }).state).toBeLessThan(1e-11);
  });

  test("equal decays change nothing, to the last bit", () => {
    const same = translateSchedule({ rates, weightDecay: 0.02, toWeightDecay: 0.02 });
    expect(same.learningRate).toEqual(rates);
    expect(same.normRatio).toEqual(constant(1, steps + 1));
  });

  test("without the translation the directions part, so the comparison can fail", () => {
    const problem = noisyProblem(1, 12, 1);
    const [w, m] = [normals(randomStream(1, "w"), 12), new Float64Array(12)];
    const on = train({ problem, rates, momentum: constant(momentum), decay: 0.02, w, m });
    const off = train({ problem, rates, momentum: constant(momentum), decay: 0, w, m });
    expect(cosine(on.weights.at(-1)!, off.weights.at(-1)!)).toBeLessThan(0.999);
  });

  test("the norm ratio settles at √(λ/λ') ", () => {
    const { normRatio } = translateSchedule({ rates: constant(0.05, 4000), weightDecay: 0.02, toWeightDecay: 0.005 });
    expect(normRatio.at(-1)).toBeCloseTo(2, 6);
  });
});

describe("the other optimizers", () => {
  const rates = courseOfRates(0.05, steps);

  test.each([0, 0.01])("decoupled heavy ball is exact with the momentum of each step (λ' = %d)", (toWeightDecay) => {
    const options = { rates, weightDecay: 0.2, toWeightDecay, optimizer: "sgdw" } as const;
    expect(compare(options).state).toBeLessThan(1e-12);
    const { momentum: course } = translateSchedule({ ...options, toWeightDecay: 0 });
    course.forEach((mu, t) => {
      expect(mu).toBeCloseTo(t === 0 ? 0.9 : 0.9 * (1 - rates[t - 1]! * 0.2), 14);
    });
  });

  test("Nesterov is close to the heavy-ball schedule, and not exact", () => {
    const { direction } = compare({ rates, weightDecay: 0.02, optimizer: "nesterov" });
    expect(direction).toBeLessThan(1e-4);
    expect(direction).toBeGreaterThan(1e-9);
    expect(translateSchedule({ rates, weightDecay: 0.02, optimizer: "nesterov" })).toMatchObject({
      exact: false,
      because: expect.stringContaining("approximate"),
    });
  });

  test.each([0, 0.05])("AdamW is approximate, and exact once gradients are multiplied by the norm ratio", (to) => {
    const options = {
      rates: courseOfRates(0.02, steps),
      weightDecay: 0.2,
      toWeightDecay: to,
      optimizer: "adamw",
    } as const;
    const plain = compare(options).direction;
    expect(plain).toBeLessThan(1e-2);
    expect(plain).toBeGreaterThan(1e-9);
    expect(compare(options, 1, true).direction).toBeLessThan(1e-12);
    expect(translateSchedule(options).exact).toBe(false);
  });

  test("AdamW without decay follows η' = ηα, α growing by 1/(1 − ηλ)", () => {
    const { learningRate } = translateSchedule({ rates: [0.1, 0.2, 0.1], weightDecay: 0.5, optimizer: "adamw" });
    const alphas = [1 / 0.95, 1 / (0.95 * 0.9), 1 / (0.95 * 0.9 * 0.95)];
    [0.1, 0.2, 0.1].forEach((rate, t) => {
      expect(learningRate[t]).toBeCloseTo(rate * alphas[t]!, 14);
    });
  });
});

describe("limits of validity", () => {
  const unitRate = constant(1, 3000);

  test("at momentum 0.9 the decay 0.0026 can always be removed, 0.0027 until step 356", () => {
    expect(() => translateSchedule({ rates: constant(1, 100_000), weightDecay: 0.0026 })).not.toThrow();
    const beyond = (length: number) => () => translateSchedule({ rates: constant(1, length), weightDecay: 0.0027 });
    expect(beyond(355)).not.toThrow();
    expect(beyond(356)).toThrow(InvalidArgumentError);
    expect(beyond(3000)).toThrow(/step 356\b.*1 × 0\.0027 = 0\.002700.*\(1 − √momentum\)² = 0\.00263/);
  });

  test("any schedule that keeps ηλ at or below (1 − √μ)² can be translated", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (shape, mu) => {
          const weightDecay = 0.999 * decayRemovalLimit(mu);
          const { normRatio } = translateSchedule({ rates: shape, weightDecay, momentum: mu });
          return normRatio.every((ratio) => ratio >= 1 && Number.isFinite(ratio));
        },
      ),
    );
  });

  test.each<OptimizerKind>(["sgdw", "adamw"])("%s: a decay of 1/η or more cannot be removed", (optimizer) => {
    expect(() => translateSchedule({ rates: unitRate, weightDecay: 0.999, optimizer })).not.toThrow();
    expect(() => translateSchedule({ rates: unitRate, weightDecay: 1, optimizer })).toThrow(/step 1\b.*below 1\.00/);
  });

  test.each([
    [{ rates: [0.1, -0.1], weightDecay: 0 }, /a rate ≥ 0 at step 1, got -0\.1/],
    [{ rates: [Number.NaN], weightDecay: 0 }, /a rate ≥ 0 at step 0, got NaN/],
    [{ rates: [], weightDecay: 0 }, /at least one step, got 0/],
    [{ rates: [0.1], weightDecay: -1 }, /weightDecay ≥ 0, got -1/],
    [{ rates: [0.1], weightDecay: 0, toWeightDecay: Number.POSITIVE_INFINITY }, /toWeightDecay ≥ 0, got Infinity/],
    [{ rates: [0.1], weightDecay: 0, momentum: 1 }, /momentum in \[0, 1\), got 1/],
    [{ rates: [0.1], weightDecay: 0, rescaleBelow: 2 }, /rescaleBelow in \[0, 1\), got 2/],
    [
      { rates: [0.1], weightDecay: 0, optimizer: "toString" as OptimizerKind },
      /sgd, nesterov, sgdw, adamw, got toString/,
    ],
  ])("bad options %j", (options, message) => {
    expect(() => translateSchedule(options)).toThrow(InvalidArgumentError);
    expect(() => translateSchedule(options)).toThrow(message);
  });
});

describe("range and precision", () => {
  test.each<[OptimizerKind, number]>([
    ["sgd", 0.05],
    ["sgdw", 0.5],
  ])("%s: rescaling leaves the function and the mapping of states as they are", (optimizer, weightDecay) => {
    const options = { rates: courseOfRates(0.05, steps), weightDecay, optimizer, rescaleBelow: 0.7 };
    const { rescaleEvents, normRatio } = translateSchedule(options);
    expect(rescaleEvents.length).toBeGreaterThan(1);
    expect(Math.max(...normRatio.subarray(0, steps))).toBeLessThan(1 / 0.69);
    expect(compare(options).state).toBeLessThan(1e-12);
    // Also towards a decay that stays: the events then change the course of the rates, not the function.
    expect(compare({ ...options, toWeightDecay: 0.01 }).state).toBeLessThan(1e-12);
  });

  test("after an event by c the rates are those without events, divided by c²", () => {
    const options = { rates: constant(0.1, 20_000), weightDecay: 0.005 };
    const without = translateSchedule(options);
    const events = translateSchedule({ ...options, rescaleBelow: 2 ** -10 });
    expect(events.rescaleEvents.length).toBeGreaterThan(5);
    let logC = 0;
    for (let t = 0; t < 20_000; t++) {
      logC += Math.log(events.rescaleEvents.find(({ step }) => step === t)?.factor ?? 1);
      expect(Math.abs(without.logLearningRate[t]! - 2 * logC - events.logLearningRate[t]!)).toBeLessThan(1e-9);
    }
  });

  test("rates beyond float64 are still given as logarithms", () => {
    const { learningRate, logLearningRate, normRatio } = translateSchedule({
      rates: constant(0.1, 200_000),
      weightDecay: 0.005,
    });
    expect(learningRate.at(-1)).toBe(Number.POSITIVE_INFINITY);
    expect(normRatio.at(-1)).toBe(Number.POSITIVE_INFINITY);
    // At constant rate q falls by a constant factor x, the larger root of x² − (1 + μ − ηλ)x + μ = 0.
    const b = 1 + momentum - 0.0005;
    const x = (b + Math.sqrt(b * b - 4 * momentum)) / 2;
    expect(logLearningRate.at(-1)! - logLearningRate.at(-2)!).toBeCloseTo(-2 * Math.log(x), 11);
  });

  test("a decay far below float64's resolution of 1 still adds up", () => {
    const { learningRate } = translateSchedule({ rates: constant(1e-3, 50_000), weightDecay: 1e-14, momentum: 0.5 });
    // log(η'/η) = 2·ηλ·t/(1 − μ) after the transient, which is 2·10⁻¹² here; each step adds 4·10⁻¹⁷.
    expect(learningRate.at(-1)! / 1e-3 - 1).toBeGreaterThan(1.9e-12);
    expect(learningRate.at(-1)! / 1e-3 - 1).toBeLessThan(2.1e-12);
  });

  test("a step of rate 0 keeps the norm and takes no step", () => {
    const { learningRate, logLearningRate, normRatio } = translateSchedule({ rates: [0, 0.1], weightDecay: 0.01 });
    expect(learningRate[0]).toBe(0);
    expect(logLearningRate[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(normRatio[1]).toBe(1);
    expect(learningRate[1]).toBeGreaterThan(0.1);
  });
});

test("a translator resumed from its state, through JSON, goes on with the same bits", () => {
  for (const optimizer of ["sgd", "nesterov", "sgdw", "adamw"] as const) {
    const rates = courseOfRates(0.05, steps);
    const options = { weightDecay: 0.05, toWeightDecay: 0.001, optimizer, rescaleBelow: 0.7 };
    const whole = scheduleTranslator(options);
    const expected = Array.from(rates, (rate) => whole.next(rate));
    const first = scheduleTranslator(options);
    const head = Array.from(rates.subarray(0, 173), (rate) => first.next(rate));
    const second = scheduleTranslator({ ...options, state: JSON.parse(JSON.stringify(first.state)) });
    expect([...head, ...Array.from(rates.subarray(173), (rate) => second.next(rate))]).toEqual(expected);
    expect(second.state).toEqual(whole.state);
    expect(translateSchedule({ ...options, rates }).state).toEqual(whole.state);
  }
});

test("there and back again is the identity", () => {
  const decay = fc.double({ min: 0, max: 0.0025, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 200 }),
      decay,
      decay,
      fc.constantFrom<OptimizerKind>("sgd", "adamw"),
      (rates, weightDecay, toWeightDecay, optimizer) => {
        const there = translateSchedule({ rates, weightDecay, toWeightDecay, optimizer });
        const back = translateSchedule({
          rates: there.learningRate,
          weightDecay: toWeightDecay,
          toWeightDecay: weightDecay,
          optimizer,
        });
        rates.forEach((rate, t) => {
          expect(Math.abs(back.learningRate[t]! - rate)).toBeLessThanOrEqual(1e-9 * rate);
          expect(back.normRatio[t]! * there.normRatio[t]!).toBeCloseTo(1, 9);
        });
      },
    ),
  );
});

describe("without momentum", () => {
  test("the paper's correction is exact once divided by 1 − ηλ, and equals the schedule", () => {
    const problem = noisyProblem(5, 10, 1);
    const rates = courseOfRates(0.2, steps);
    const weightDecay = 0.05;
    const translated = translateSchedule({ rates, weightDecay, momentum: 0 });
    const w = normals(randomStream(5, "w"), 10);
    const m = new Float64Array(10);
    const on = train({ problem, rates, momentum: constant(0), decay: weightDecay, w, m });
    const step = (v: Float64Array, rate: number, t: number): Float64Array => {
      const g = problem.gradient(v, t);
      return v.map((x, i) => x - rate * g[i]!);
    };

    let [exact, paper] = [w, w];
    rates.forEach((rate, t) => {
      const reference = norm(on.weights[t]!);
      const corrected = plainSgdCorrectedRate(rate, norm(exact), reference, weightDecay);
      expect(Math.abs(corrected - translated.learningRate[t]!)).toBeLessThanOrEqual(1e-12 * corrected);
      exact = step(exact, corrected, t);
      paper = step(paper, paperCorrectedRate(rate, norm(paper), reference), t);
    });
    expect(1 - cosine(exact, on.weights.at(-1)!)).toBeLessThan(1e-13);
    expect(1 - cosine(paper, on.weights.at(-1)!)).toBeGreaterThan(1e-9);
    expect(1 - cosine(paper, on.weights.at(-1)!)).toBeLessThan(1e-2);
  });
});
