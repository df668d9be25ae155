import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { type OptimizerKind, ratesFromNorms, rotations, translateSchedule } from "../../src/dynamics/index.js";
import { noisyProblem, norm, normals, train } from "./scale-invariant.js";

const steps = 3000;
const momentum = 0.9;
const rates = Float64Array.from({ length: steps }, (_, t) => (t < 100 ? t / 100 : t < 2000 ? 1 : 0.3) * 0.1);

/** A run with decay on noise, and every `every`-th norm and rotation of it. */
function recordedRun(optimizer: OptimizerKind, weightDecay: number, every: number) {
  const size = 48;
  const problem = noisyProblem(4, size, 10);
  const w = normals(randomStream(4, "w"), size).map((x) => x * 2);
  const constant = new Float64Array(steps).fill(momentum);
  const { weights } = train({
    problem,
    optimizer,
    rates,
    momentum: constant,
    decay: weightDecay,
    w,
    m: w.map(() => 0),
  });
  const at = Array.from({ length: steps / every }, (_, i) => i * every);
  const tensor = (data: Float64Array) => ({ shape: [1, size], dtype: "float64", data }) as const;
  return {
    steps: at,
    norm: at.map((t) => norm(weights[t]!)),
    rotation: at.map((t) => rotations(tensor(weights[t]!), tensor(weights[t + 1]!))[0]!),
  };
}

describe("rates without decay from recorded norms", () => {
  test.each<[OptimizerKind, number, number]>([
    ["sgd", 2e-3, 1],
    ["sgd", 2e-3, 10],
    ["nesterov", 2e-3, 1],
    ["sgdw", 2e-2, 1],
  ])(
    "%s, λ = %d unknown, every %d steps: the growth within 10 per cent of the exact one",
    (optimizer, weightDecay, every) => {
      const { rates: estimated, basis } = ratesFromNorms({
        rates,
        recorded: recordedRun(optimizer, weightDecay, every),
        optimizer,
      });
      const { logLearningRate } = translateSchedule({ rates, weightDecay, optimizer });
      expect(basis).toBe("grown");
      for (const t of [1500, 2500, 2990]) {
        const grown = Math.log(estimated[t]! / rates[t]!);
        const exact = logLearningRate[t]! - Math.log(rates[t]!);
        expect(exact).toBeGreaterThan(1);
        expect(Math.abs(grown / exact - 1)).toBeLessThan(0.1);
      }
    },
  );

  test("the paper's formula with two runs, and with norms that are held", () => {
    const recorded = { steps: [0, 2], norm: [2, 1] };
    const without = { steps: [0, 2], norm: [2, 4] };
    const two = ratesFromNorms({ rates: [0.1, 0.1, 0.1, 0.1], recorded, without });
    expect(two.basis).toBe("recorded");
    [0.1, 0.4, 1.6, 1.6].forEach((rate, t) => void expect(two.rates[t]).toBeCloseTo(rate, 12));
    const held = ratesFromNorms({ rates: [0.1, 0.1, 0, 0.1], recorded });
    expect(held.basis).toBe("held");
    [0.1, 0.2, 0, 0.4].forEach((rate, t) => void expect(held.rates[t]).toBeCloseTo(rate, 12));
    const adam = ratesFromNorms({ rates: [0.1, 0.1, 0.1], recorded, without, optimizer: "adamw" });
    expect(adam.rates[2]).toBeCloseTo(0.4, 12);
  });

  test.each([
    [{ steps: [], norm: [] }, /at least one recorded step, got 0/],
    [{ steps: [0, 1], norm: [1] }, /2 values of norm, one a step, got 1/],
    [{ steps: [0, 0], norm: [1, 1] }, /steps after 0, got 0/],
    [{ steps: [3], norm: [0] }, /step 3: expected norm > 0, got 0/],
  ])("%j is refused", (recorded, message) => {
    expect(() => ratesFromNorms({ rates: [0.1], recorded })).toThrow(message);
  });
});
