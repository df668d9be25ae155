import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import {
  type Experiment,
  type ExperimentChoice,
  type ExperimentSummary,
  equilibrium,
  equilibriumOfLayers,
  normCourse,
  optimizers,
  type RecordedNorms,
} from "../../src/experiments/index.js";
import { runExperiment } from "../../src/experiments/node/index.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-optimizers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const choice: ExperimentChoice = { preset: "laptop", data: "embedded", threads: 1 };
const planOf = (experiment: Experiment, changes: Partial<ExperimentChoice> = {}) =>
  experiment.plan({ ...choice, ...changes }, 1, (name) => `out/${name}`);

describe.each(["laptop", "paper"] as const)("the preset %s", (preset) => {
  it("optimizers: runs of a family differ in the optimizer and adaptive clipping only", () => {
    const runs = planOf(optimizers, { preset });
    expect(runs.map(({ config }) => config.optimizer)).toEqual([
      ...["sgd", "sgdp", "sgdc", "rotational-sgd", "sgd"],
      ...["adamw", "adamp", "adamc", "rotational-adamw"],
    ]);
    expect(runs.filter(({ config }) => config.clipAdaptive !== undefined).map(({ name }) => name)).toEqual(["sgd-agc"]);
    const rest = runs.map(({ config: { optimizer: _a, clipAdaptive: _b, decay: _c, ...shared } }) => shared);
    for (const each of rest.slice(1, 5)) expect(each).toEqual(rest[0]);
    for (const each of rest.slice(6)) expect(each).toEqual(rest[5]);
  });

  it("equilibrium: SGD and AdamW at constant rates, made to turn by the same angle, gradients measured", () => {
    const configs = planOf(equilibrium, { preset }).map(({ config }) => config);
    expect(configs.map(({ model, optimizer }) => [model, optimizer])).toEqual([
      ...[
        ["vgg11", "sgd"],
        ["vgg11", "adamw"],
      ],
      ...[
        ["resnet20", "sgd"],
        ["resnet20", "adamw"],
      ],
    ]);
    const [sgd, adamw] = configs;
    for (const config of configs) expect(config).toMatchObject({ schedule: "constant", measureGradients: true });
    const decay = (config: typeof sgd): number => config!.groups[0]!.weightDecay!;
    const turned = [
      Math.sqrt((2 * sgd!.learningRate * decay(sgd)) / (1 + sgd!.momentum)),
      Math.sqrt((2 * adamw!.learningRate * decay(adamw) * (1 - adamw!.beta1)) / (1 + adamw!.beta1)),
    ];
    expect(turned[1]! / turned[0]!).toBeCloseTo(1, 1);
  });
});

/** Records of one layer that are all alike, but for noise in the gradients. */
function records(channels: number, norm: number, rotation: number, gradient: number, dead = 0): RecordedNorms {
  const random = randomStream(1, "records");
  const filled = (value: number): Float32Array => new Float32Array(channels).fill(value);
  const rows = new Map(
    Array.from({ length: 400 }, (_, step) => {
      const gradients = Float32Array.from({ length: channels }, (_unused, channel) =>
        channel < dead ? 0 : gradient * Math.sqrt(random.normal() ** 2),
      );
      const row = { layer: "w", step: step + 1, norm: filled(norm), rotation: filled(rotation), gradient: gradients };
      return [step + 1, new Map([["w", row]])] as const;
    }),
  );
  return { steps: [...rows.keys()], at: (step) => rows.get(step)! };
}

describe("predicted and measured", () => {
  const sizes = new Map([["w", 50]]);
  const sgd = { optimizer: "sgd", rate: 0.1, weightDecay: 0.01, momentum: 0.9, beta1: 0.9 } as const;

  it("SGD: by the formulas, dead channels left out", () => {
    // ρ⁴ = 0.1 · 4 / (2 · 0.01 · 0.1), θ = √(0.002 / 1.9).
    const [norm, theta] = [200 ** (1 / 4), Math.sqrt(0.002 / 1.9)];
    const [layer] = equilibriumOfLayers(sgd, records(40, norm, theta, 2, 3), sizes, 1);
    expect(layer!.deadChannels).toBe(3);
    expect(layer!.rotation).toMatchObject({ predicted: expect.closeTo(theta, 12), ratio: expect.closeTo(1, 6) });
    expect(layer!.norm.ratio).toBeGreaterThan(0.97); // the fourth root of a mean of 400 squares
    expect(layer!.norm.ratio).toBeLessThan(1.03);
    expect(layer!.relaxationSteps).toBeCloseTo(25, 10);
    // ‖Δw‖ = θρ; of independent gradients η‖g̃‖/(ρ√(1 − μ²)).
    const step = (theta * norm) / ((0.1 * 2) / (norm * Math.sqrt(0.19)));
    expect(layer!.stepRatio / step).toBeCloseTo(1, 1);
  });

  it("AdamW: by the formulas", () => {
    const adamw = { ...sgd, optimizer: "adamw", rate: 0.004, weightDecay: 0.5 } as const;
    const [norm, theta] = [Math.sqrt((0.004 * 50) / 1), Math.sqrt((2 * 0.004 * 0.5 * 0.1) / 1.9)];
    const [layer] = equilibriumOfLayers(adamw, records(40, norm, 2 * theta, 2), sizes, 200);
    expect(layer!.norm.ratio).toBeCloseTo(1, 6);
    expect(layer!.rotation.ratio).toBeCloseTo(2, 6);
    expect(layer!.stepRatio).toBeCloseTo(2, 6);
    expect(layer!.relaxationSteps).toBeCloseTo(250, 10);
  });
});

it("the course of norms: growth to the drop and to the end, rotations of the last quarters", () => {
  const rows = (step: number) =>
    new Map(
      ["a", "b"].map((layer, index) => [
        layer,
        {
          layer,
          step,
          norm: Float32Array.of((index + 1) * 2 ** (step / 50)),
          rotation: Float32Array.of(step <= 100 ? 0.02 : 0.01),
        },
      ]),
    );
  const steps = Array.from({ length: 40 }, (_, index) => 5 * (index + 1));
  const course = normCourse({ steps, at: rows }, 100);
  expect(course.normBefore).toBeCloseTo(2 ** 1.9, 5);
  expect(course.normAtEnd).toBeCloseTo(2 ** 3.9, 5);
  expect(course.rotationBefore).toBeCloseTo(0.02, 7);
  expect(course.rotationAtEnd).toBeCloseTo(0.01, 7);
});

describe("run small", () => {
  const small = (experiment: Experiment, wanted: readonly string[]): Experiment => ({
    ...experiment,
    plan: (...given) =>
      experiment
        .plan(...given)
        .filter(({ name }) => wanted.includes(name))
        .map((run) => ({
          ...run,
          config: { ...run.config, model: "vgg11", width: 1 / 16, validation: 50, batch: 32, measureEvery: 2 },
        })),
  });
  const run = (experiment: Experiment, name: string) =>
    runExperiment(experiment, { ...choice, images: 256, epochs: 2 }, { out: join(folder, name), seeds: [1] });

  it("optimizers: norms of the rotational run stay", async () => {
    const outcome = await run(small(optimizers, ["sgd", "rotational-sgd"]), "optimizers");
    const summary = JSON.parse(readFileSync(join(folder, "optimizers", "summary.json"), "utf8")) as ExperimentSummary;
    const norms = (summary.extras as { norms: { name: string; normAtEnd: number }[] }).norms;
    expect(norms.map(({ name }) => name)).toEqual(["sgd", "rotational-sgd"]);
    expect(norms[1]!.normAtEnd).toBeCloseTo(1, 6);
    expect(Math.abs(norms[0]!.normAtEnd - 1)).toBeGreaterThan(1e-5);
    expect(outcome!.report.tables![0]!.rows).toHaveLength(2);
  });

  it("equilibrium: a table for each training, a row for each layer", async () => {
    const outcome = await run(small(equilibrium, ["vgg11-sgd", "vgg11-adamw"]), "equilibrium");
    const [sgd, adamw] = outcome!.report.tables!;
    for (const table of [sgd!, adamw!]) {
      expect(table.rows).toHaveLength(8);
      for (const row of table.rows) for (const cell of row.slice(1)) expect(Number.isFinite(Number(cell))).toBe(true);
    }
    expect(outcome!.report.findings.join("\n")).toMatch(
      /relaxation times, rotation and norm are within 10% .* of 8 layers/,
    );
    expect(readFileSync(outcome!.reportPath, "utf8")).toContain("VGG-11, AdamW, seed 1: equilibrium of each layer");
  });
});
