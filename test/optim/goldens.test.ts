import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { numbersOf, type Tensor, tensor, zeros } from "../../src/core/index.js";
import { square, sub, tanh } from "../../src/graph/index.js";
import { linear, mean } from "../../src/nn/index.js";
import { adam, adamw, type Optimizer, sgd } from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { type Objective, trainingEngine } from "../../src/train/index.js";

// Twenty steps against PyTorch's own optimizers; test/goldens/optim/make.py has the problem.

interface Case {
  readonly optimizer: "SGD" | "Adam" | "AdamW";
  readonly options: { momentum?: number; weight_decay?: number; betas?: [number, number]; eps?: number };
  readonly clip: number | null;
  readonly clippedSteps: number;
  readonly parameters: Readonly<Record<string, { weight: number[]; bias: number[] }>>;
}

const path = new URL("../goldens/optim/optim.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(path, "utf8")) as { readonly cases: Readonly<Record<string, Case>> };
const [steps, rows, inputs, outputs] = [20, 8, 3, 4];

const waves = (phase: number, ...shape: number[]): Tensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => 2 * Math.sin(phase + 1.7 * i)),
    shape,
    "float64",
  );
};

const problem: Objective = {
  apply(scope) {
    const { graph } = scope;
    const predicted = tanh(linear(outputs).apply(graph.input("x", [rows, inputs]), scope.child("layer")));
    return { loss: mean(square(sub(predicted, graph.input("y", [rows, outputs])))), counts: {} };
  },
};

function optimizerOf({ optimizer, options, clip }: Case): Optimizer {
  const { momentum, weight_decay, betas, eps } = options;
  const common = {
    ...(weight_decay === undefined ? {} : { weightDecay: weight_decay }),
    ...(clip === null ? {} : { clipNorm: clip }),
  };
  if (optimizer === "SGD") return sgd({ ...common, momentum: momentum! });
  return { Adam: adam, AdamW: adamw }[optimizer]({
    ...common,
    ...(betas ? { beta1: betas[0], beta2: betas[1] } : {}),
    ...(eps === undefined ? {} : { epsilon: eps }),
  });
}

/** The parameters after each step. */
async function trained(optimizer: Optimizer): Promise<{ weight: number[]; bias: number[] }[]> {
  const runtime = referenceRuntime();
  const state = await runtime.createState({
    "layer.weight": waves(0.1, outputs, inputs),
    "layer.bias": waves(0.2, outputs),
  });
  const engine = trainingEngine(runtime, state, { objective: problem, shape: [rows], optimizer });
  const slots = engine.step.slots.map(({ name, parameter }): [string, Tensor] => [name, zeros(parameter.value.shape)]);
  await state.write(Object.fromEntries(slots));
  const after = [];
  for (let step = 1; step <= steps; step++) {
    const feeds = { x: waves(step + 0.3, rows, inputs), y: waves(step + 0.4, rows, outputs) };
    await engine.take(step - 1, 0.1 / step, { shape: [rows], feeds, items: rows }, false);
    const { "layer.weight": weight, "layer.bias": bias } = await state.read();
    after.push({ weight: Array.from(numbersOf(weight!)), bias: Array.from(numbersOf(bias!)) });
  }
  return after;
}

describe("twenty steps are PyTorch's to 1e-12", () => {
  it.each(Object.entries(cases))("%s", async (_, golden) => {
    const after = await trained(optimizerOf(golden));
    for (const [step, { weight, bias }] of Object.entries(golden.parameters)) {
      const got = after[Number(step) - 1]!;
      expect(got.weight).toEqual(weight.map((value) => expect.closeTo(value, 12)));
      expect(got.bias).toEqual(bias.map((value) => expect.closeTo(value, 12)));
    }
  });

  it("and the cases are different trainings, some steps being clipped and some not", () => {
    const ends = Object.values(cases).map(({ parameters }) => parameters[steps]!.weight[0]!.toFixed(6));
    expect(new Set(ends).size).toBe(ends.length - 1); // a limit that is never met changes nothing
    for (const [name, { clip, clippedSteps }] of Object.entries(cases)) {
      if (clip === 0.3) expect(clippedSteps, name).toBeGreaterThan(2);
      if (clip === 0.3) expect(clippedSteps, name).toBeLessThan(steps);
      else expect(clippedSteps, name).toBe(0);
    }
  });
});

describe("numbers out of range", () => {
  it.each([
    [() => adam({ beta1: 1 }), "adam: expected beta1 in [0, 1), got 1"],
    [() => adamw({ beta2: -0.1 }), "adam: expected beta2 in [0, 1), got -0.1"],
    [() => adam({ epsilon: -1e-8 }), "epsilon ≥ 0, got -1e-8"],
    [() => adamw({ weightDecay: Number.NaN }), "adamw: expected a weight decay ≥ 0, got NaN"],
    [() => sgd({ clipNorm: 0 }), "sgd: expected a clipNorm > 0, got 0"],
  ])("%s is refused", (make, message) => {
    expect(make).toThrow(message);
  });
});
