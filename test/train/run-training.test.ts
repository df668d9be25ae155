import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunError } from "../../src/core/index.js";
import { isFullPrecision } from "../../src/graph/index.js";
import { readRun } from "../../src/io/files/index.js";
import { lossScaleOf, parseRunConfig, precisionOf, type RunConfigInput } from "../../src/train/index.js";
import { normRecord, readRunConfig, requireSameConfig, runTraining } from "../../src/train/node/index.js";

// Runs in folders that follow or are compared with other runs: what does not fit is found before a folder is made.

const folder = mkdtempSync(join(tmpdir(), "normwise-runs-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tiny: RunConfigInput = {
  model: "vgg11",
  width: 1 / 64,
  images: 96,
  validation: 32,
  batch: 32,
  epochs: 2,
  learningRate: 0.05,
  weightDecay: 5e-3,
  threads: 1,
};
const run = (name: string, changes: Partial<RunConfigInput> = {}, options = {}) =>
  runTraining(parseRunConfig({ ...tiny, ...changes }), at(name), options);
const follow = (reference: string, granularity: "step" | "epoch" = "step"): Partial<RunConfigInput> => ({
  control: { kind: "paper-correction", reference: at(reference), granularity },
});

beforeAll(async () => {
  await run("every", { measureEvery: 1, snapshots: true });
  await run("some", { measureEvery: 2 });
});

describe("what does not fit is found before the folder is made", () => {
  const exact = (changes: Partial<RunConfigInput>): Partial<RunConfigInput> => ({
    control: { kind: "exact-schedule", fromWeightDecay: 5e-3 },
    ...changes,
  });
  const cases: readonly [string, () => Partial<RunConfigInput>, RegExp][] = [
    [
      "norms of some steps",
      () => follow("some"),
      /some: expected a run of 6 steps with norms of each, got 6 steps with norms of 4/,
    ],
    [
      "norms of some steps, by epoch",
      () => follow("some", "epoch"),
      /got 6 steps with norms of 4; .*--measure-every 1/,
    ],
    [
      "a shorter run",
      () => ({ ...follow("every"), epochs: 3 }),
      /every: expected a run of 9 steps .*got 6 steps with norms of 6/,
    ],
    [
      "a shorter run, by epoch",
      () => ({ ...follow("every", "epoch"), epochs: 3 }),
      /expected a run of 9 steps .*got 6 steps/,
    ],
    [
      "another network",
      () => ({ ...follow("every"), model: "resnet20" }),
      /expected a run of resnet20, width 0.015625, got vgg11/,
    ],
    ["another width", () => ({ ...follow("every"), width: 1 / 32 }), /width 0.03125, got vgg11, width 0.015625/],
    [
      "a comparison without snapshots",
      () => ({ compareWith: at("some") }),
      /some: .* 2 epochs with snapshots, got 2 epochs, without/,
    ],
    [
      "a shorter comparison",
      () => ({ compareWith: at("every"), epochs: 5 }),
      /at least 5 epochs with snapshots, got 2 epochs, with/,
    ],
    [
      "a comparison with nothing",
      () => ({ compareWith: at("nowhere") }),
      /nowhere: expected a folder with a run in it/,
    ],
    [
      "a warm-up longer than the run",
      () => ({ schedule: "warmup:9e+cosine" }),
      /a warm-up shorter than the run \(6 steps\)/,
    ],
    ["positions out of order", () => ({ schedule: "steps:2e,1e" }), /positions that increase, got 2e,1e/],
    [
      "the exact schedule and Nesterov",
      () => exact({ nesterov: true }),
      /exact-schedule: expected heavy-ball momentum/,
    ],
    [
      "the exact schedule and decoupled decay",
      () => exact({ decay: "decoupled" }),
      /coupled weight decay, got decoupled/,
    ],
    [
      "the exact schedule at two rates",
      () => exact({ groups: [{ match: "all", rateFactor: 0.5 }] }),
      /rate factor of 1, got 0.5/,
    ],
    [
      "more images than are left",
      () => ({ images: 9990, validation: 100 }),
      /images: expected at most 9900 .*got 9990/,
    ],
    [
      "the exact schedule and AdamW",
      () => exact({ optimizer: "adamw" }),
      /expected stochastic gradient descent, got an adaptive one/,
    ],
    ["the exact schedule and clipping", () => exact({ clipNorm: 1 }), /gradients that are not clipped/],
    ["a batch larger than the images", () => ({ batch: 128 }), /a batch of at most 96, .*got 128/],
  ];

  it.each(cases)("%s", async (_, changes, message) => {
    await expect(run("never", changes())).rejects.toThrow(message);
    expect(existsSync(at("never"))).toBe(false);
  });
});

describe("a run that follows another", () => {
  it("reads each step's norms from before it", async () => {
    const reader = readRun(at("every")).readNorms();
    const record = normRecord(reader);
    expect(record.steps).toBe(6);
    for (const step of [0, 5]) {
      const held = reader.at(step + 1); // logged from 1
      expect([...(await record.at(step))]).toEqual([...held].map(([name, { norm }]) => [name, norm]));
    }
  });

  it("by epoch, needs norms at the starts of epochs only", async () => {
    await run("thirds", { measureEvery: 3 });
    const { interrupted, epochs } = await run("by-epoch", follow("thirds", "epoch"));
    expect(interrupted).toBe(false);
    expect(epochs).toHaveLength(2);
  });

  it("has the same channels: one norm per layer is not one per channel", async () => {
    await run("per-layer", { weightNorm: { kind: "weight", per: "layer" } });
    const perChannel = { ...follow("per-layer"), weightNorm: { kind: "weight" } } as const;
    await expect(run("never", perChannel)).rejects.toThrow(/weight norm weight, got .*one norm per layer/);
  });

  it("stopped within an epoch, resumes to the bits of one that was not", async () => {
    const control: Partial<RunConfigInput> = {
      control: { kind: "norm-schedule", reference: at("every") },
      groups: [{ match: "scale-invariant", weightDecay: 0, rateFactor: 0.5 }],
      schedule: "warmup:2+cosine",
      compareWith: at("every"),
    };
    const stop = new AbortController();
    const onStep = ({ step }: { readonly step: number }): void => (step === 4 ? stop.abort() : undefined);
    expect(await run("stopped", control, { signal: stop.signal, onStep })).toMatchObject({ interrupted: true });
    expect(existsSync(at("stopped/model.onnx"))).toBe(false);
    const again = await run("stopped", control, { resume: true });
    const whole = await run("whole", control);
    const timeless = ({ epochs }: typeof whole) => epochs.map(({ imagesPerSecond: _, ...rest }) => rest);
    expect(timeless(again)).toEqual(timeless(whole));
    expect(readRun(at("stopped")).readCheckpoint("last").tensors).toEqual(
      readRun(at("whole")).readCheckpoint("last").tensors,
    );
    expect(readFileSync(at("stopped/model.onnx")).equals(readFileSync(at("whole/model.onnx")))).toBe(true);
    expect(Object.values(whole.epochs[1]!.directionCosine!).every((cosine) => Math.abs(cosine) <= 1 + 1e-12)).toBe(
      true,
    );
  });
});

describe("run.json", () => {
  it("is a configuration that gives the same run, groups and control included", () => {
    const config = parseRunConfig({
      ...tiny,
      groups: [{ match: "name:^features", weightDecay: 0 }],
      ...follow("every"),
    });
    expect(parseRunConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
    expect(readRunConfig(at("every"))).toEqual(parseRunConfig({ ...tiny, measureEvery: 1, snapshots: true }));
  });

  it("tells which options differ, but lets the number of threads and the lowering differ", () => {
    const config = readRunConfig(at("every"));
    expect(() => requireSameConfig(at("every"), { ...config, threads: 7, lowering: "portable" })).not.toThrow();
    const other = { ...config, seed: 9, compareWith: "x" };
    expect(() => requireSameConfig(at("every"), other)).toThrow(RunError);
    expect(() => requireSameConfig(at("every"), other)).toThrow(
      /\(seed 1, compareWith absent\), got seed 9, compareWith "x"/,
    );
  });

  it("has the decay that the optimizer's name stands for, and no other", () => {
    const decayOf = (changes: Partial<RunConfigInput>) => parseRunConfig({ ...tiny, ...changes }).decay;
    expect([decayOf({}), decayOf({ optimizer: "adam" }), decayOf({ optimizer: "adamw" })]).toEqual([
      "coupled",
      "coupled",
      "decoupled",
    ]);
    expect(decayOf({ decay: "decoupled" })).toBe("decoupled");
    for (const wrong of [
      { optimizer: "adam", decay: "decoupled" },
      { optimizer: "adamw", decay: "coupled" },
    ] as const) {
      expect(() => decayOf(wrong)).toThrow(/decay: expected decoupled with adamw, .*and coupled with adam, sgdc/);
    }
    expect(() => decayOf({ optimizer: "adam", nesterov: true })).toThrow(
      /nesterov: expected optimizer sgd, sgdp, sgdc/,
    );
  });

  it("refuses options that do nothing, but not of a run that began with them", () => {
    const config = { model: "vgg11", optimizer: "adam", momentum: 0.8 };
    expect(() => parseRunConfig(config)).toThrow("momentum: expected optimizer sgd");
    expect(parseRunConfig(config, "run.json", true).momentum).toBe(0.8);
  });

  it("says the number formats, and how the loss is scaled", () => {
    const formats = { precision: "fp16", normAccumulator: "fp16-sum" } as const;
    expect(precisionOf(parseRunConfig({ ...tiny, ...formats }))).toEqual({
      storage: "float16",
      normAccumulator: "fp16-sum",
    });
    expect(isFullPrecision(precisionOf(parseRunConfig(tiny)))).toBe(true);
    const scale = (lossScale: number | "dynamic") => lossScaleOf(parseRunConfig({ ...tiny, ...formats, lossScale }));
    expect(scale(1024)).toBe(1024);
    expect(scale("dynamic")).toEqual({ initial: 65536, growth: 2, backoff: 0.5, growthInterval: 2000 });
    const own = parseRunConfig({ ...tiny, ...formats, lossScale: { growthInterval: 100 } });
    expect(lossScaleOf(own)).toEqual({ initial: 65536, growth: 2, backoff: 0.5, growthInterval: 100 });
    expect(() => parseRunConfig({ ...tiny, lossScale: 0 })).toThrow("lossScale: expected >0 but got 0");
    const word: unknown = { ...tiny, lossScale: "fast" };
    expect(() => parseRunConfig(word)).toThrow("lossScale: expected a scale > 0, or dynamic, got fast");
  });

  it("is refused field by field", () => {
    expect(() => parseRunConfig({ model: "vgg11", wobble: 1, momentum: 1, validation: -1 })).toThrow(
      "validation: expected >=0 but got -1; momentum: expected <1 but got 1; wobble is not among the options",
    );
  });
});
