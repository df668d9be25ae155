import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/core/index.js";
import {
  adamWEquilibrium,
  decayPressure,
  type OptimizerNumbers,
  predictEquilibrium,
  sgdEquilibrium,
  steadyState,
  turningRate,
} from "../../src/dynamics/index.js";

const size = 100;

describe("what is predicted of an equilibrium without a gradient", () => {
  const [rate, weightDecay, momentum] = [0.1, 2e-3, 0.9];

  test("sgd and adamw: the formulas of the equilibrium", () => {
    const { norm: _, ...heavy } = sgdEquilibrium({ rate, weightDecay, momentum, squaredGradient: 7 });
    expect(predictEquilibrium({ optimizer: "sgd", rate, weightDecay, momentum }, size)).toEqual(heavy);
    const adam = { rate: 1e-3, weightDecay: 0.1, beta1: 0.8 };
    expect(predictEquilibrium({ optimizer: "adamw", ...adam }, size)).toEqual(adamWEquilibrium({ ...adam, size }));
  });

  test.each(["nesterov", "sgdw"] as const)("%s: the steady state, which is measured elsewhere", (optimizer) => {
    const numbers = { optimizer, rate, weightDecay, momentum };
    expect(predictEquilibrium(numbers, size)).toEqual(steadyState(numbers));
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
