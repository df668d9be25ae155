import { describe, expect, test } from "vitest";
import { InvalidArgumentError, randomStream } from "../../src/core/index.js";
import {
  adamWEquilibrium,
  decayPressure,
  type OptimizerNumbers,
  predictEquilibrium,
  sgdEquilibrium,
  turningRate,
} from "../../src/dynamics/index.js";
import { norm, normals } from "./scale-invariant.js";

const size = 100;

/** Trains on noise that is orthogonal to the weight; the mean rotation over the second half, by the chord. */
function measuredRotation(
  steps: number,
  update: (w: Float64Array, g: Float64Array) => Float64Array,
  start: number,
): number {
  const random = randomStream(5, "prediction");
  let w = normals(random, size);
  w = w.map((x) => (x * start) / norm(w));
  let rotation = 0;
  for (let t = 0; t < steps; t++) {
    const length = norm(w);
    const noise = normals(random, size);
    const radial = noise.reduce((sum, g, i) => sum + (g * w[i]!) / length, 0);
    const next = update(
      w,
      noise.map((g, i) => (g - (radial * w[i]!) / length) / length),
    );
    const after = norm(next);
    const chord = norm(next.map((x, i) => x / after - w[i]! / length));
    if (t >= steps / 2) rotation += (4 * Math.asin(chord / 2)) / steps;
    w = next;
  }
  return rotation;
}

describe("the rotation that is predicted without a gradient", () => {
  const [rate, weightDecay, momentum] = [0.1, 2e-3, 0.9];

  test("nesterov: what noise makes, which heavy ball's formula misses", () => {
    let m = new Float64Array(size);
    const start = (((rate * size) / (2 * weightDecay * (1 - momentum))) ** 0.25) as number;
    const measured = measuredRotation(
      40_000,
      (w, g) => {
        const d = g.map((x, i) => x + weightDecay * w[i]!);
        m = m.map((x, i) => momentum * x + d[i]!);
        return w.map((x, i) => x - rate * (d[i]! + momentum * m[i]!));
      },
      start,
    );
    const numbers: OptimizerNumbers = { optimizer: "nesterov", rate, weightDecay, momentum };
    expect(Math.abs(measured / predictEquilibrium(numbers, size)!.rotation - 1)).toBeLessThan(0.03);
    expect(measured / predictEquilibrium({ ...numbers, optimizer: "sgd" }, size)!.rotation).toBeGreaterThan(1.1);
  });

  test("sgdw: what noise makes, with ten times the decay that passes no momentum", () => {
    let m = new Float64Array(size);
    const decay = weightDecay * 10;
    const measured = measuredRotation(
      40_000,
      (w, g) => {
        m = m.map((x, i) => momentum * x + g[i]!);
        return w.map((x, i) => (1 - rate * decay) * x - rate * m[i]!);
      },
      ((rate * size) / (2 * decay * (1 - momentum) ** 2)) ** 0.25,
    );
    const predicted = predictEquilibrium({ optimizer: "sgdw", rate, weightDecay: decay, momentum }, size)!;
    expect(Math.abs(measured / predicted.rotation - 1)).toBeLessThan(0.03);
  });

  test("sgd and adamw: the formulas of the equilibrium", () => {
    const { norm: _, ...heavy } = sgdEquilibrium({ rate, weightDecay, momentum, squaredGradient: 7 });
    expect(predictEquilibrium({ optimizer: "sgd", rate, weightDecay, momentum }, size)).toEqual(heavy);
    const adam = { rate: 1e-3, weightDecay: 0.1, beta1: 0.8 };
    expect(predictEquilibrium({ optimizer: "adamw", ...adam }, size)).toEqual(adamWEquilibrium({ ...adam, size }));
  });

  test("none without decay", () => {
    expect(predictEquilibrium({ optimizer: "sgd", rate, weightDecay: 0 }, size)).toBeUndefined();
    expect(predictEquilibrium({ optimizer: "adamw", rate: 0, weightDecay }, size)).toBeUndefined();
  });
});

test("AdamW turns at its equilibrium norm as fast as its equilibrium says", () => {
  const numbers: OptimizerNumbers = { optimizer: "adamw", rate: 1e-3, weightDecay: 0.05, beta1: 0.9 };
  const { norm: settled, rotation } = predictEquilibrium(numbers, size)!;
  expect(turningRate(numbers, settled!, size)).toBeCloseTo(rotation, 12);
  expect(turningRate(numbers, 2 * settled!, size)).toBeCloseTo(rotation / 2, 12);
  expect(turningRate({ optimizer: "sgd", rate: 0.1, weightDecay: 0, momentum: 0.5 }, 2, size)).toBeCloseTo(0.05, 12);
});

test("decay is set beside the optimizer's memory", () => {
  expect(decayPressure({ optimizer: "sgd", rate: 0.1, weightDecay: 0.5, momentum: 0.9 })).toBeCloseTo(0.5, 12);
  expect(decayPressure({ optimizer: "adamw", rate: 0.1, weightDecay: 0.5, beta1: 0.8 })).toBeCloseTo(0.25, 12);
});

test.each([{ rate: -1 }, { weightDecay: Number.NaN }, { momentum: 1 }, { beta1: -0.1 }])("%j is refused", (wrong) => {
  const numbers = { optimizer: "sgd", rate: 0.1, weightDecay: 1e-4, ...wrong } as const;
  expect(() => predictEquilibrium(numbers, size)).toThrow(InvalidArgumentError);
});
