import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/core/index.js";
import {
  constantRate,
  cosineDecay,
  describeSchedule,
  inverseSqrt,
  linearDecay,
  listedRates,
  type Position,
  parseSchedule,
  polynomialDecay,
  type Schedule,
  scheduleFactors,
  scheduleForms,
  scheduleRates,
  stepDecay,
  warmup,
} from "../../src/optim/index.js";

const factors = (text: string, steps: number, stepsPerEpoch?: number): number[] =>
  Array.from(scheduleFactors(parseSchedule(text), steps, stepsPerEpoch));

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 14);
}

describe("factors by step", () => {
  test("constant", () => expect(factors("constant", 3)).toEqual([1, 1, 1]));

  test("steps drop at the step itself, by 0.1 or the given factor", () => {
    expectClose(factors("steps:2,4", 6), [1, 1, 0.1, 0.1, 0.01, 0.01]);
    expectClose(factors("steps:2,4;factor=0.5", 6), [1, 1, 0.5, 0.5, 0.25, 0.25]);
  });

  test("epochs become steps, fractions too, and mix with steps", () => {
    expectClose(factors("steps:1e,1.5e,7", 8, 4), [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.001]);
    expect(factors("steps:20e,40e,60e", 31_280, 391)).toEqual(factors("steps:7820,15640,23460", 31_280));
  });

  test("cosine ends at its floor one step after the last, as PyTorch's CosineAnnealingLR(T_max=steps)", () => {
    const half = Math.SQRT1_2 / 2;
    expectClose(factors("cosine", 4), [1, 0.5 + half, 0.5, 0.5 - half]);
    expectClose(factors("cosine;floor=0.2", 2), [1, 0.6]);
  });

  test("linear and polynomial", () => {
    expectClose(factors("linear", 4), [1, 0.75, 0.5, 0.25]);
    expectClose(factors("linear;floor=0.5", 2), [1, 0.75]);
    expectClose(factors("polynomial:2", 4), [1, 0.5625, 0.25, 0.0625]);
    expectClose(factors("polynomial:2;floor=0.5", 2), [1, 0.625]);
  });

  test("inverse square root is Vaswani et al. 2017, equation 3, over its largest value", () => {
    const [model, length] = [512, 4];
    const paper = (step: number): number => model ** -0.5 * Math.min(step ** -0.5, step * length ** -1.5);
    const wanted = Array.from({ length: 12 }, (_, i) => paper(i + 1) / paper(length));
    expectClose(factors("inverse-sqrt:4", 12), wanted);
    expectClose(factors("inverse-sqrt:2e", 12, 2), wanted);
    expect(Math.max(...wanted)).toBe(wanted[3]);
  });

  test("a list, per step or per epoch", () => {
    expect(factors("list:1,0.5,0.25", 2)).toEqual([1, 0.5]);
    expect(factors("list:1,0.5;per=epoch", 4, 2)).toEqual([1, 1, 0.5, 0.5]);
    expect(() => factors("list:1,0.5", 3)).toThrow(/a list of 3 factors, one per step, got 2/);
  });

  test("warm-up rises from 0 and is full at its end; spanning courses begin there, positions count from the start", () => {
    expectClose(factors("warmup:4", 6), [0, 0.25, 0.5, 0.75, 1, 1]);
    expectClose(factors("warmup:2;from=0.5", 4), [0.5, 0.75, 1, 1]);
    expectClose(factors("warmup:2+linear", 6), [0, 0.5, 1, 0.75, 0.5, 0.25]);
    expectClose(factors("warmup:1e+steps:2e", 6, 2), [0, 0.5, 1, 1, 0.1, 0.1]);
    expectClose(factors("warmup:2+list:1,1,0.5,0.25", 4), [0, 0.5, 0.5, 0.25]);
  });

  test("rates are the base rate times the factors", () => {
    expectClose([...scheduleRates(linearDecay(), 0.2, 4)], [0.2, 0.15, 0.1, 0.05]);
    expect(() => scheduleRates(linearDecay(), -0.2, 4)).toThrow(/a learning rate ≥ 0, got -0\.2/);
  });
});

describe("text", () => {
  const positive = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
  const factor = fc.double({ min: 0, max: 10, noNaN: true }).map((x) => (Object.is(x, -0) ? 0 : x));
  const position: fc.Arbitrary<Position> = fc.oneof(
    fc.integer({ min: 1, max: 1e9 }),
    positive.map((epochs): Position => `${epochs}e`),
  );
  const plain: fc.Arbitrary<Schedule> = fc.oneof(
    fc.constant(constantRate()),
    fc.tuple(fc.array(position, { minLength: 1, maxLength: 4 }), factor).map(([at, by]) => stepDecay(at, by)),
    factor.map(cosineDecay),
    position.map(inverseSqrt),
    factor.map(linearDecay),
    fc.tuple(positive, factor).map(([power, floor]) => polynomialDecay(power, floor)),
    fc
      .tuple(fc.array(factor, { minLength: 1, maxLength: 5 }), fc.constantFrom("step" as const, "epoch" as const))
      .map(([list, per]) => listedRates(list, per)),
  );
  const any = fc.oneof(
    plain,
    fc.tuple(position, plain, factor).map(([length, then, from]) => warmup(length, then, from)),
  );

  test("what a schedule is described as reads back as that schedule", () => {
    fc.assert(
      fc.property(any, (schedule) => {
        expect(parseSchedule(describeSchedule(schedule))).toEqual(schedule);
      }),
    );
  });

  test("the usual values are left out", () => {
    expect(describeSchedule(stepDecay(["20e", 7820]))).toBe("steps:20e,7820");
    expect(describeSchedule(warmup("5e", polynomialDecay(2, 0.1)))).toBe("warmup:5e+polynomial:2;floor=0.1");
    expect(describeSchedule(parseSchedule(" warmup: 5e + steps: 20e, 40e ; factor = 0.2 "))).toBe(
      "warmup:5e+steps:20e,40e;factor=0.2",
    );
  });

  test("the forms that errors list can be read, with and without what is in brackets", () => {
    for (const form of scheduleForms) {
      expect(() => parseSchedule(form.replaceAll(/\[.*?\]/g, ""))).not.toThrow();
      expect(() => parseSchedule(form.replace("+any of the others", "+cosine").replaceAll(/[[\]]/g, ""))).not.toThrow();
    }
  });

  test.each([
    "",
    "step:20e",
    "toString",
    "constant:1",
    "cosine:1",
    "polynomial",
    "polynomial:1,2",
    "steps:20e;gamma=0.1",
    "steps:20e;factor=0.1;factor=0.2",
    "steps:20e;factor",
    "cosine+linear",
    "warmup:5e+cosine+linear",
    "20e,40e",
    "steps",
  ])("%j is refused with the text and the forms", (text) => {
    expect(() => parseSchedule(text)).toThrow(InvalidArgumentError);
    for (const part of [text || "nothing", ...scheduleForms]) expect(() => parseSchedule(text)).toThrow(part);
  });

  test.each([
    ["steps:20x", /a position like 7820 \(steps\) or 20e \(epochs\), got 20x/],
    ["steps:20e,,40e", /got nothing/],
    ["steps:0", /positions like 7820 \(steps\) or 20e \(epochs\), got 0/],
    ["steps:1.5", /got 1\.5/],
    ["steps:-5e", /got -5e/],
    ["steps:20e;factor=-1", /a factor ≥ 0, got -1/],
    ["cosine;floor=low", /a number, got low/],
    ["polynomial:0", /a power > 0, got 0/],
    ["list:1,-1", /a factor ≥ 0, got -1/],
    ["list:1;per=week", /per=step or per=epoch, got week/],
    ["warmup:5e+warmup:5e", /one warm-up/],
    ["warmup:5e+", /a position like 7820 \(steps\) or 20e \(epochs\), got 5e\+/],
  ])("%j names what is wrong", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(InvalidArgumentError);
    expect(() => parseSchedule(text)).toThrow(message);
  });
});

test.each([
  ["steps:20e", 100, undefined, /steps per epoch, as a position counts epochs, got 20e/],
  ["steps:20,10", 100, undefined, /positions that increase, got 20,10/],
  ["steps:1e,10", 100, 10, /positions that increase, got 1e,10/],
  ["warmup:100", 100, undefined, /a warm-up shorter than the run \(100 steps\), got 100/],
  ["inverse-sqrt:0.1e", 100, 4, /a warm-up of at least a step, got 0\.1e/],
  ["constant", 0, undefined, /a positive integer number of steps, got 0/],
  ["constant", 1.5, undefined, /a positive integer number of steps, got 1\.5/],
  ["constant", 10, 0, /a positive number of steps per epoch, got 0/],
])("%s over %d steps with epochs of %s is refused", (text, steps, stepsPerEpoch, message) => {
  expect(() => factors(text, steps, stepsPerEpoch)).toThrow(InvalidArgumentError);
  expect(() => factors(text, steps, stepsPerEpoch)).toThrow(message);
});
