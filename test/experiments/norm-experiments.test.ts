import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  boundedWeightNorms,
  type Experiment,
  type ExperimentChoice,
  type ExperimentSummary,
  halfPrecision,
  halfPrecisionMap,
  metrics,
  workingRange,
} from "../../src/experiments/index.js";
import { runExperiment } from "../../src/experiments/node/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import type { RunConfig } from "../../src/train/index.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-experiments-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const choice: ExperimentChoice = { preset: "laptop", data: "embedded", threads: 1 };
const planOf = (experiment: Experiment, preset: ExperimentChoice["preset"] = "laptop") =>
  experiment.plan({ ...choice, preset }, 1, (name) => `out/${name}`);

/** A configuration without some of its fields. */
const without = (config: RunConfig, ...fields: (keyof RunConfig)[]): Partial<RunConfig> =>
  Object.fromEntries(Object.entries(config).filter(([field]) => !fields.includes(field as keyof RunConfig)));

describe.each(["laptop", "paper"] as const)("the preset %s", (preset) => {
  it("metrics: runs differ in the metric and its constant only", () => {
    const runs = planOf(metrics, preset);
    expect(runs.map(({ config: { norm } }) => [norm.metric, norm.constant])).toEqual([
      ["l2", "paper"],
      ["l1", "paper"],
      ["top10", "paper"],
      ["linf", "paper"],
      ["l1", 4 * Math.sqrt(Math.PI / 2)],
      ["l1", Math.sqrt(Math.PI / 2) / 4],
    ]);
    const rest = runs.map(({ config }) => without(config, "norm"));
    for (const each of rest) expect(each).toEqual(rest[0]);
  });

  it("bounded-weight-norm: runs differ in what is normalized only", () => {
    const runs = planOf(boundedWeightNorms, preset);
    expect(runs.map(({ config: { norm, weightNorm } }) => [norm.kind, weightNorm.kind, weightNorm.metric])).toEqual([
      ["batch", "none", "l2"],
      ["mean-only", "weight", "l2"],
      ["mean-only", "bounded", "l2"],
      ["mean-only", "bounded", "l1"],
      ["mean-only", "bounded", "linf"],
    ]);
    const rest = runs.map(({ config }) => without(config, "norm", "weightNorm", "branchScale"));
    for (const each of rest) expect(each).toEqual(rest[0]);
  });

  it("half-precision: large weights have the rates and the decay that make them the same training", () => {
    for (const { name, config } of planOf(halfPrecision, preset)) {
      const { weightScale: c, groups, weightDecay } = config;
      if (!name.endsWith("large-weights")) expect([c, groups]).toEqual([1, []]);
      else
        expect(groups).toEqual([{ match: "scale-invariant", rateFactor: c ** 2, weightDecay: weightDecay / c ** 2 }]);
    }
  });
});

describe("half precision, run small", async () => {
  const wanted = ["l2-fp32", "l1-fp16-large-weights", "l2-fp16-large-weights", "l1-fp16-plain-sums"];
  const small: Experiment = {
    ...halfPrecision,
    plan: (...given) =>
      halfPrecision
        .plan(...given)
        .filter(({ name }) => wanted.includes(name))
        .map((run) => ({ ...run, config: { ...run.config, width: 1 / 16, validation: 50, batch: 64 } })),
    extras: async () => ({
      tables: [{ title: "A table", text: "Of numbers.", head: ["what", "how much"], rows: [["this", "1"]] }],
      findings: ["A finding."],
      summary: { seen: 1 },
    }),
  };
  const out = join(folder, "half");
  const outcome = await runExperiment(small, { ...choice, images: 512, epochs: 2 }, { out, seeds: [1] });
  const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as ExperimentSummary;
  const run = (name: string) => summary.runs.find((each) => each.name === name)!;

  it("L2 overflows in every step where L1 does not", () => {
    expect(run("l2-fp16-large-weights").overflowStatistics).toBeGreaterThanOrEqual(8); // 16 steps, in one layer or more
    expect(run("l1-fp16-large-weights").overflowStatistics).toBe(0);
    expect(run("l1-fp16-large-weights").testAccuracy).toBeGreaterThan(run("l2-fp16-large-weights").testAccuracy! + 10);
  });

  it("says so, where it happened first, and shows no number for a loss that is none", () => {
    const { findings, runs } = outcome!.report;
    expect(findings.join("\n")).toMatch(
      /L2, fp16 large weights, seed 1: .* not finite \d+ times, first at step 1, in feat/,
    );
    const failed = runs.find(({ name }) => name === "l1-fp16-plain-sums")!;
    expect(failed.trainLoss.some((loss) => loss === null || loss === 0)).toBe(false);
  });

  it("plain sums overflow in L1, too", () => {
    expect(run("l1-fp16-plain-sums").overflowStatistics).toBeGreaterThan(0);
  });

  it("extras are in the report and the summary", () => {
    expect(summary.extras).toEqual({ seen: 1 });
    const html = readFileSync(outcome!.reportPath, "utf8");
    for (const text of ["A table", "Of numbers.", "how much", "A finding."]) expect(html).toContain(text);
  });
});

describe("a training that fails", () => {
  it("is a result: the experiment goes on, and the failure is kept", async () => {
    const failing: Experiment = {
      ...metrics,
      plan: (...given) =>
        metrics
          .plan(...given)
          .slice(0, 2)
          .map((planned, index) => ({
            ...planned,
            config: {
              ...planned.config,
              width: 1 / 16,
              validation: 0,
              batch: 32,
              ...(index === 1 ? { learningRate: 1e30 } : {}),
            },
          })),
    };
    const out = join(folder, "failing");
    const small = { ...choice, images: 96, epochs: 2 };
    await runExperiment(failing, small, { out, seeds: [1] });
    const { runs } = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as ExperimentSummary;
    expect(runs[0]!.testAccuracy).toBeTypeOf("number");
    expect(runs[1]).toMatchObject({
      testAccuracy: null,
      failure: { step: expect.any(Number), layer: expect.any(String) },
    });
    expect(existsSync(join(out, "seed-1", "l1", "result.json"))).toBe(true);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("seed 1 failed at step");
    const again = await runExperiment(failing, small, { out, seeds: [1] });
    expect(again!.summary.runs[1]!.failure).toEqual(runs[1]!.failure);
  });

  it("is one also if it is the first, and no epoch of any was finished", async () => {
    const failing: Experiment = {
      ...metrics,
      plan: (...given) =>
        metrics
          .plan(...given)
          .slice(0, 1)
          .map((planned) => ({
            ...planned,
            config: { ...planned.config, width: 1 / 16, validation: 0, batch: 32, learningRate: 1e30 },
          })),
    };
    const out = join(folder, "all-failing");
    const { summary } = (await runExperiment(failing, { ...choice, images: 96, epochs: 2 }, { out, seeds: [1] }))!;
    expect(summary.runs[0]).toMatchObject({ testAccuracy: null, imagesPerSecond: null, validationAccuracy: [] });
  });
});

describe("the map of half precision", async () => {
  const runtime = nodeRuntime({ threads: 1 });
  afterAll(() => runtime.close());
  const rows = await halfPrecisionMap(runtime, { count: 4096 });
  const range = (metric: string, accumulator: string): readonly [number, number] | undefined =>
    workingRange(rows.find((row) => row.metric === metric && row.accumulator === accumulator)!);

  it("float32 sums bear whatever float16 holds", () => {
    for (const metric of ["l2", "l1", "top10"]) {
      expect(range(metric, "fp32")![0]).toBeLessThanOrEqual(-22);
      expect(range(metric, "fp32")![1]).toBeGreaterThanOrEqual(13);
    }
  });

  it("squares leave L2 about half of the range that block means give L1", () => {
    const [l2, l1] = [range("l2", "fp16-block-mean")!, range("l1", "fp16-block-mean")!];
    expect(l2[1]).toBeLessThanOrEqual(7); // 2⁸ squared is beyond 65504
    expect(l2[0]).toBeGreaterThanOrEqual(-12); // 2⁻¹² squared is the smallest number of float16
    expect(l1[1]).toBeGreaterThanOrEqual(13);
    expect(l1[0]).toBeLessThanOrEqual(-18);
  });

  it("plain sums overflow where n·mean|x| passes 65504", () => {
    // 4096 · √(2/π) σ > 65504 from σ = 20 on.
    expect(range("l1", "fp16-sum")![1]).toBe(4);
  });
});
