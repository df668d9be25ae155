import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { traceCommand } from "../../src/cli/trace.js";
import type { WeightTrace } from "../../src/foreign/index.js";
import { readRun } from "../../src/io/files/index.js";
import { parseRunConfig } from "../../src/train/index.js";
import { runTraining } from "../../src/train/node/index.js";
import { commandOutput } from "../support/command-output.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-trace-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `normwise trace` in this process; returns what it prints. */
const trace = async (...rawArgs: string[]): Promise<string> => (await commandOutput(traceCommand, rawArgs)).stdout;

const goldens = "test/goldens/trace/sgd";
const files = readdirSync(goldens)
  .filter((name) => name.endsWith(".safetensors"))
  .map((name) => join(goldens, name));
const numbers = ["--lr", "0.1", "--weight-decay", "2e-3"];

describe("checkpoints", () => {
  it("a table of the final state, one line a weight", async () => {
    const lines = (await trace(...files, ...numbers)).split("\n");
    expect(lines[0]).toMatch(
      /^weight +invariant +‖w‖₂ +range +course +η\/‖w‖² +rotation +of equilibrium +limit +steps to it$/,
    );
    expect(lines.slice(2, 5).map((line) => line.split(" ")[0])).toEqual(["0.weight", "4.weight", "7.weight"]);
    expect(lines[2]).toMatch(/channel\? +2\.169 +2\.043 … 2\.284 .* ≈ 117% +2\.344 +125$/);
    expect(lines.at(-2)).toMatch(/guessed from names; --graph model.onnx lets the graph decide/);
  });

  it("the last two, one step apart, tell the rotation exactly", async () => {
    const text = await trace(...files.slice(0, 2), ...numbers);
    expect(text).toMatch(/0\.weight .* 0\.01538 +106%/);
    expect(text).toMatch(/3 of 3 weights turn as equilibrium says \(within 15%\)/);
    expect(text).not.toContain("≈");
  });

  it("tables as CSV, Arrow and Parquet hold the same, and a page shows it", async () => {
    const out = ["csv", "arrow", "parquet", "html"].flatMap((kind) => [`--${kind}`, at(`trace.${kind}`)]);
    const json = JSON.parse(await trace(...files, ...numbers, "--all", "--json", ...out)) as { weights: WeightTrace[] };
    expect(json.weights.map(({ name }) => name)).toEqual(["0.weight", "4.weight", "7.weight", "12.weight"]);
    const [head, ...lines] = readFileSync(at("trace.csv"), "utf8").trimEnd().split("\n");
    const names = head!.split(",");
    const fromCsv = lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [names[i], cell])));
    const fromArrow = tableFromIPC(readFileSync(at("trace.arrow")))
      .toArray()
      .map((row) => row.toJSON());
    const { buffer, byteOffset, byteLength } = readFileSync(at("trace.parquet"));
    const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    const fromParquet = await parquetReadObjects({ file });
    expect(fromArrow).toEqual(fromParquet);
    expect(fromCsv.length).toBe(4 * 7);
    expect(fromCsv).toEqual(
      fromArrow.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value ?? "")]))),
    );
    const point = json.weights[0]!.points[3]!;
    expect(fromArrow[3]).toMatchObject({
      weight: "0.weight",
      invariance: "channel",
      guessed: true,
      step: 640,
      steps: 20,
      normMedian: point.norm.median,
      rotationMedian: point.rotation!.median,
      alignment: point.alignment,
    });
    expect(fromArrow[0]).toMatchObject({ rotationMedian: null, alignment: null });
    const page = readFileSync(at("trace.html"), "utf8");
    expect(page).toContain("Norms and rotations of a training");
    expect(page).toContain('"position":"step"');
    expect(page).toContain("at equilibrium");
    expect(page).not.toContain("<h2>Results</h2>");
  });

  it.each([
    [[], /expected --lr, got none/],
    [["--lr", "0.1"], /expected --weight-decay, got none/],
    [[...numbers, "--steps", "1,2"], /--steps: expected a step for each of the 7 files, got 2/],
    [[...numbers, "--steps", "7,6,5,4,3,2,1"], /each of a step of its own, got .*600.* at step 7|at step 6 after/],
    [[...numbers, "--optimizer", "adam"], /--optimizer: expected one of sgd, nesterov, sgdw, adamw, got adam/],
    [[...numbers, "--graph", "test/goldens/fuzz/transformer.onnx"], /a model with the weights of the checkpoints/],
    [[...numbers, "--rate", "1"], /--rate/],
  ])("wrong options: %j", async (options, said) => {
    await expect(trace(...files, ...options)).rejects.toThrow(said);
  });
});

describe("a run of our own", () => {
  const run = {
    model: "resnet20",
    width: 1 / 8,
    images: 192,
    validation: 0,
    batch: 32,
    epochs: 2,
    threads: 1,
  } as const;
  beforeAll(async () => {
    await runTraining(
      parseRunConfig({
        ...run,
        learningRate: 0.05,
        schedule: "steps:1e",
        weightDecay: 5e-3,
        measureEvery: 2,
        groups: [{ match: "name:^layer3", weightDecay: 0 }],
      }),
      at("run"),
    );
  });

  it("is traced from its record, with its own hyperparameters", async () => {
    const { weights } = JSON.parse(await trace(at("run"), "--json")) as { weights: WeightTrace[] };
    const reader = readRun(at("run")).readNorms();
    expect(weights.map(({ name }) => name)).toEqual(reader.layers);
    const { points, channels, invariance } = weights[0]!;
    const row = reader.at(reader.steps.at(-1)!).get(weights[0]!.name)!;
    expect([channels, invariance]).toEqual([row.norm.length, "channel"]);
    const last = points.at(-1)!;
    const sorted = [...row.rotation].sort((a, b) => a - b);
    expect(last.rotation!.max).toBe(sorted.at(-1));
    expect(last.step).toBe(reader.steps.at(-1)! - 1);
    // η fell to a tenth after the first epoch.
    expect(last.predictedRotation).toBeCloseTo(Math.sqrt((2 * 0.005 * 5e-3) / 1.9), 12);
    expect(points[0]!.predictedRotation).toBeCloseTo(Math.sqrt((2 * 0.05 * 5e-3) / 1.9), 12);
    expect(last.alignment! * last.predictedRotation!).toBeCloseTo(last.rotation!.median, 12);
    expect(last.effectiveRate.max).toBeCloseTo(0.005 / last.norm.min ** 2, 6);
    const undecayed = weights.filter(({ name }) => name.startsWith("layer3"));
    expect(undecayed.length).toBeGreaterThan(0);
    expect(undecayed.flatMap(({ points: own }) => own.filter(({ alignment }) => alignment !== undefined))).toEqual([]);
  });

  it("hyperparameters beside it are refused", async () => {
    await expect(trace(at("run"), "--lr", "0.1")).rejects.toThrow(
      /no hyperparameters, which its run.json holds, got --lr/,
    );
  });
});
