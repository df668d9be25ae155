import { describe, expect, test } from "vitest";
import { type Advice, type AdvisedWeight, advise, type OptimizerNumbers } from "../../src/dynamics/index.js";

const weight = (name: string, more: Partial<AdvisedWeight> = {}): AdvisedWeight => ({
  name,
  role: "weight",
  invariance: "channel",
  partners: [],
  withoutEffect: false,
  size: 100,
  norm: 1,
  channels: 8,
  dead: 0,
  ...more,
});
const usual: OptimizerNumbers = { optimizer: "sgd", rate: 0.1, weightDecay: 5e-4, momentum: 0.9 };
const body = [weight("a"), weight("b"), weight("c"), weight("fc", { invariance: "none" })];
const kinds = (advice: readonly Advice[]): string[] => advice.map(({ kind }) => kind);
const only = (advice: readonly Advice[], kind: string): Advice => {
  const found = advice.filter((each) => each.kind === kind);
  expect(found).toHaveLength(1);
  return found[0]!;
};

describe("decay", () => {
  test("on scale-invariant weights sets the rate, and another schedule says the same", () => {
    const found = only(advise(body, { optimizer: usual, steps: 31280 }), "decay-sets-rate");
    expect(found.weights).toEqual(["a", "b", "c"]);
    expect(found.text).toContain("(fc)");
    expect(found.command).toBe("normwise equivalent --lr 0.1 --weight-decay 0.0005 --momentum 0.9 --steps 31280");
    const adam = only(
      advise(body, { optimizer: { optimizer: "adamw", rate: 1e-3, weightDecay: 0.1 } }),
      "decay-sets-rate",
    );
    expect(adam.command).toBe("normwise equivalent --lr 0.001 --weight-decay 0.1 --optimizer adamw --steps STEPS");
    expect(adam.because).toContain("approximately");
  });

  test("without it norms grow: as the fourth root of the steps, with Adam as the square root", () => {
    const found = advise(body, { optimizer: { ...usual, weightDecay: 0 } });
    expect(only(found, "no-decay").because).toContain("‖w‖⁴");
    expect(kinds(found)).not.toContain("decay-sets-rate");
    const adam = advise(body, { optimizer: { optimizer: "adamw", rate: 1e-3, weightDecay: 0 } });
    expect(only(adam, "no-decay").because).toContain("‖w‖²");
  });

  test("only shrinks gains, shifts and biases that are part of the function", () => {
    const vectors = [
      weight("γ", { role: "gain", invariance: "none" }),
      weight("β", { role: "shift", invariance: "joint" }),
      weight("idle", { role: "bias", invariance: "none", withoutEffect: true }),
      weight("fc.bias", { role: "bias", invariance: "none" }),
    ];
    const found = only(advise([...body, ...vectors], { optimizer: usual }), "decay-only-shrinks");
    expect(found.weights).toEqual(["γ", "fc.bias"]);
    expect(kinds(advise([...body, ...vectors], { optimizer: { ...usual, weightDecay: 0 } }))).not.toContain(
      "decay-only-shrinks",
    );
  });

  test("that takes more than momentum replaces, or swings weights through zero, is too strong", () => {
    const of = (weightDecay: number) => advise(body, { optimizer: { ...usual, weightDecay } });
    expect(only(of(1.1), "decay-too-strong").text).toContain("more than 1 − μ");
    expect(only(of(0.03), "decay-too-strong").text).toContain("0.00263");
    expect(kinds(of(0.026))).not.toContain("decay-too-strong");
    const decoupled = advise(body, { optimizer: { ...usual, optimizer: "sgdw", weightDecay: 0.5 } });
    expect(kinds(decoupled)).not.toContain("decay-too-strong");
  });

  test("slower than the run leaves the initial norms in charge", () => {
    // 4ηλ/(1 − μ) = 2e-3 per step: 500 steps.
    const slow = only(advise(body, { optimizer: usual, steps: 499 }), "relaxation-longer-than-run");
    expect(slow.text).toContain("about 500 steps");
    expect(kinds(advise(body, { optimizer: usual, steps: 501 }))).not.toContain("relaxation-longer-than-run");
  });
});

describe("rates", () => {
  test("four times off the median, either way, are out of line", () => {
    const uneven = [
      ...body,
      weight("long", { norm: 2.1 }),
      weight("short", { norm: 0.4 }),
      weight("near", { norm: 1.9 }),
    ];
    const found = advise(uneven, { optimizer: usual }).filter(({ kind }) => kind === "rate-out-of-line");
    expect(found.map(({ weights }) => weights)).toEqual([["short"], ["long"]]);
    expect(found[0]!.text).toContain("6.25 times");
  });

  test("AdamW's norms beside their equilibrium", () => {
    // √(ηC/2λ) = √(1e-3 · 100 / 0.2) = 0.7071
    const optimizer: OptimizerNumbers = { optimizer: "adamw", rate: 1e-3, weightDecay: 0.1 };
    const found = advise([weight("far", { norm: 1.5 }), weight("near", { norm: 1.3 })], { optimizer });
    expect(only(found, "norm-off-equilibrium").weights).toEqual(["far"]);
    expect(only(found, "norm-off-equilibrium").text).toContain("2.12");
  });
});

test("what holds without any training", () => {
  const found = advise([
    weight("idle", { role: "bias", withoutEffect: true }),
    weight("thin", { dead: 3 }),
    weight("up", { invariance: "joint", partners: [{ name: "down", power: -1 }] }),
    weight("blurred", { epsilonEffect: 0.2 }),
    weight("sharp", { epsilonEffect: 1e-4 }),
  ]);
  expect(kinds(found)).toEqual(["without-effect", "dead-channels", "joint", "epsilon"]);
  expect(found.map(({ weights }) => weights)).toEqual([["idle"], ["thin"], ["up"], ["blurred"]]);
  expect(found[1]!.text).toContain("thin 3 of 8");
  expect(found[2]!.text).toContain("up with down as its power -1");
});

test("each piece of advice says why", () => {
  for (const { because, text } of advise(body, { optimizer: usual, steps: 10 })) {
    expect(because.length).toBeGreaterThan(20);
    expect(text).toMatch(/\.$/);
  }
});
