import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { equivalentCommand } from "../../src/cli/equivalent.js";
import { translateArguments } from "../../src/cli/equivalent-arguments.js";
import { formatEquivalent } from "../../src/cli/equivalent-format.js";
import type { EquivalentArguments } from "../../src/cli/equivalent-options.js";
import { InvalidArgumentError } from "../../src/core/index.js";
import { translateSchedule } from "../../src/dynamics/index.js";
import { commandOutput } from "../support/command-output.js";

const paper: EquivalentArguments = {
  lr: "0.1",
  "weight-decay": "5e-4",
  momentum: "0.9",
  steps: "31280",
  schedule: "steps:7820,15640,23460",
};

const json = (args: EquivalentArguments) => JSON.parse(formatEquivalent(translateArguments(args)));

const output = (rawArgs: readonly string[]) => commandOutput(equivalentCommand, rawArgs);

describe("json", () => {
  test("the paper's setting", () => {
    const result = json(paper);
    expect(result.learningRate).toHaveLength(31_280);
    expect(result.normRatio).toHaveLength(31_281);
    expect(result).toMatchObject({ exact: true, because: expect.stringContaining("heavy ball"), weightDecay: 5e-4 });
    expect(result).not.toHaveProperty("logLearningRate");
    expect(result).not.toHaveProperty("rescaleEvents");
    // The recursion as it is written in the literature, carried along here in q and δ.
    let [q, delta] = [1, 0];
    for (let t = 0; t < 31_280; t++) {
      const rate = 0.1 * 0.1 ** Math.floor(t / 7820);
      delta = 0.9 * delta + 5e-4 * q;
      const next = q - rate * delta;
      expect(Math.abs(result.learningRate[t] / (rate / (q * next)) - 1)).toBeLessThan(1e-11);
      expect(Math.abs(result.normRatio[t] * q - 1)).toBeLessThan(1e-11);
      q = next;
    }
  });

  test("epochs, by their number or their length, say the same", () => {
    const inEpochs = { ...paper, schedule: "steps:20e,40e,60e" };
    const { schedule: _, ...expected } = json(paper);
    expect(json({ ...inEpochs, "steps-per-epoch": "391" })).toMatchObject(expected);
    expect(json({ ...inEpochs, epochs: "80" })).toMatchObject(expected);
    expect(json({ ...inEpochs, steps: undefined, epochs: "80", "steps-per-epoch": "391" })).toMatchObject(expected);
  });

  test("where float32 could not hold the values there are rescale events, or on request logarithms", () => {
    const long = { lr: "0.1", "weight-decay": "0.005", steps: "20000" };
    const rescaled = json(long);
    expect(rescaled.rescaleEvents.length).toBeGreaterThan(1);
    expect(Math.max(...rescaled.learningRate)).toBeLessThan(0.1 * 2 ** 81);
    const logs = json({ ...long, "rescale-below": "0" });
    expect(logs).not.toHaveProperty("rescaleEvents");
    const direct = translateSchedule({ rates: new Float64Array(20_000).fill(0.1), weightDecay: 0.005 });
    expect(logs.logLearningRate).toEqual(Array.from(direct.logLearningRate));
    expect(logs.logNormRatio).toEqual(Array.from(direct.logNormRatio));
  });

  test("Nesterov and AdamW are labelled approximate, with the reason", () => {
    for (const optimizer of ["nesterov", "adamw"]) {
      expect(json({ ...paper, optimizer })).toMatchObject({
        exact: false,
        because: expect.stringMatching(/^approximate/),
      });
    }
  });

  test("the momentum of decoupled heavy ball is given for each step", () => {
    const { momentum, exact } = json({ ...paper, optimizer: "sgdw", steps: "5", schedule: "constant" });
    expect(exact).toBe(true);
    expect(momentum).toHaveLength(5);
    expect(momentum[1]).toBeCloseTo(0.9 * (1 - 0.1 * 5e-4), 14);
  });
});

test("csv: a row per step", () => {
  const text = formatEquivalent(translateArguments({ ...paper, steps: "3", schedule: "steps:2" }), "csv");
  const { learningRate, normRatio } = translateSchedule({ rates: [0.1, 0.1, 0.1 * 0.1], weightDecay: 5e-4 });
  expect(text.split("\n")).toEqual([
    "step,learning_rate,translated_learning_rate,norm_ratio",
    `0,0.1,${learningRate[0]},${normRatio[0]}`,
    `1,0.1,${learningRate[1]},${normRatio[1]}`,
    `2,${0.1 * 0.1},${learningRate[2]},${normRatio[2]}`,
    "",
  ]);
  const wide = formatEquivalent(
    translateArguments({ ...paper, steps: "30", "weight-decay": "0.02", "rescale-below": "0.7" }),
    "csv",
  );
  expect(wide).toMatch(/^step,.*,rescale\n/);
  expect(wide).toMatch(/,2\n/);
});

describe("the command", () => {
  const usual = ["--lr", "0.1", "--weight-decay", "5e-4", "--steps", "4"];

  test("prints the schedule to stdout and nothing else", async () => {
    const { stdout, stderr } = await output(usual);
    expect(stdout).toBe(formatEquivalent(translateArguments({ lr: "0.1", "weight-decay": "5e-4", steps: "4" })));
    expect(stderr).toBe("");
  });

  test("says on stderr what is approximate", async () => {
    const { stdout, stderr } = await output([...usual, "--optimizer", "nesterov", "--format=csv"]);
    expect(stdout).toMatch(/^step,/);
    expect(stderr).toMatch(/^approximate: Nesterov/);
  });

  test.each([
    [["--lr=-0.1"], /--lr: expected a rate ≥ 0, got -0\.1/],
    [["--lr", "fast"], /--lr: expected a rate ≥ 0, got fast/],
    [["--weight-decay=-1"], /--weight-decay: expected a decay ≥ 0, got -1/],
    [["--to-weight-decay=NaN"], /--to-weight-decay: expected a decay ≥ 0, got NaN/],
    [["--momentum", "1"], /--momentum: expected a momentum in \[0, 1\), got 1/],
    [["--steps", "2.5"], /--steps: expected a positive integer, got 2\.5/],
    [["--steps", "0"], /--steps: expected a positive integer, got 0/],
    [["--steps", ""], /--steps: expected a positive integer, got nothing/],
    [["--epochs", "2", "--steps-per-epoch", "3"], /--steps to be --epochs × --steps-per-epoch, got 4/],
    [["--schedule", "steps:1e"], /steps per epoch, as a position counts epochs, got 1e/],
    [["--schedule", "stairs"], /one of constant \| steps:20e.*got stairs/],
    [["--optimizer", "adam"], /--optimizer: expected one of sgd, nesterov, sgdw, adamw, got adam/],
    [["--format", "yaml"], /--format: expected one of json, csv, pytorch, optax, got yaml/],
    [["--format", "pytorch", "--optimizer", "sgdw"], /an optimizer of PyTorch, got sgdw; use json or csv/],
    [["--gamma", "1"], /options of --lr.*got --gamma/],
    [["--lr", "10", "--weight-decay", "1"], /step 1: expected .*\(1 − √momentum\)² = 0\.00263/],
  ])("%j is refused by name", async (extra, message) => {
    const run = output([...usual, ...extra]);
    await expect(run).rejects.toThrow(InvalidArgumentError);
    await expect(run).rejects.toThrow(message);
  });

  test("without a length of the run, it asks for one", async () => {
    await expect(output(usual.slice(0, 4))).rejects.toThrow(/--steps, or --epochs with --steps-per-epoch/);
  });
});

interface Golden {
  /** SHA-256 of the scheduler that ran. */
  readonly scheduler: string;
  readonly learningRate: readonly number[];
  readonly finalLogScale: number;
  readonly finalNormRatios: readonly number[];
  readonly losses: { readonly original: readonly number[]; readonly translated: readonly number[] };
  readonly apart: Readonly<
    Record<"translated" | "epsilonFixed" | "decayChangedOnly", { loss: number; direction: number }>
  >;
}

describe("pytorch: the printed scheduler, run in PyTorch 1.13 by test/goldens/equivalent/golden.py", () => {
  const folder = new URL("../goldens/equivalent/", import.meta.url);
  const commands: Readonly<Record<string, string>> = JSON.parse(readFileSync(new URL("commands.json", folder), "utf8"));
  const golden = JSON.parse(readFileSync(new URL("golden.json", folder), "utf8"));
  const runs: Readonly<Record<string, Golden>> = golden.runs;

  test.each(Object.entries(commands))("%s: is what the command prints", async (name, command) => {
    const { stdout } = await output([...command.split(" "), "--format", "pytorch"]);
    await expect(stdout).toMatchFileSnapshot(new URL(`${name}.py`, folder).pathname);
    expect(runs[name]!.scheduler).toBe(createHash("sha256").update(stdout).digest("hex"));
  });

  test.each(Object.entries(commands))(
    "%s: sets the rates that json prints, and the weights have the norms",
    async (name, command) => {
      const { learningRate, normRatio } = JSON.parse((await output(command.split(" "))).stdout);
      const run = runs[name]!;
      expect(run.learningRate).toHaveLength(learningRate.length);
      learningRate.forEach((rate: number, step: number) => {
        expect(Math.abs(run.learningRate[step]! - rate)).toBeLessThanOrEqual(1e-13 * rate);
      });
      expect(Math.exp(-run.finalLogScale)).toBeCloseTo(normRatio.at(-1), 12);
      if (name === "nesterov" || name === "adamw") return; // approximate: the norms are too
      for (const ratio of run.finalNormRatios) expect(Math.abs(ratio / normRatio.at(-1) - 1)).toBeLessThan(1e-12);
    },
  );

  test.each(["heavy-ball", "rescaled", "introduced"])("%s: trains as the original does", (name) => {
    const { apart, losses } = runs[name]!;
    expect(apart.translated.loss).toBeLessThan(1e-12);
    expect(apart.translated.direction).toBeLessThan(1e-12);
    // The runs are ones that could part: they do with the decay changed alone, and a little with a fixed epsilon.
    expect(apart.decayChangedOnly.loss).toBeGreaterThan(1e-3);
    expect(apart.epsilonFixed.loss).toBeGreaterThan(apart.translated.loss * 10);
    expect(losses.original.at(-1)).toBeLessThan(losses.original[0]! / 2);
  });

  test.each(["nesterov", "adamw"])("%s: trains nearly as the original does, not exactly", (name) => {
    const { apart } = runs[name]!;
    expect(apart.translated.loss).toBeLessThan(apart.decayChangedOnly.loss / 2);
    expect(apart.translated.loss).toBeGreaterThan(1e-9);
  });
});

describe("a convolutional network trained in PyTorch 1.13 by test/goldens/equivalent/convnet/train.py", () => {
  const folder = new URL("../goldens/equivalent/convnet/", import.meta.url);
  type Run = "original" | "translated" | "reordered" | "untranslated";
  interface Losses {
    readonly learningRate: readonly number[];
    readonly apart: Readonly<Record<"float32" | "float64", Readonly<Record<Exclude<Run, "original">, number>>>>;
    readonly losses: Readonly<Record<"float32" | "float64", Readonly<Record<Run, readonly number[]>>>>;
  }
  const golden: Losses = JSON.parse(readFileSync(new URL("losses.json", folder), "utf8"));
  const command = readFileSync(new URL("command.txt", folder), "utf8").trim().split(" ");
  const difference = (one: readonly number[], other: readonly number[]): number =>
    Math.max(...one.map((loss, step) => Math.abs(loss - other[step]!) / loss));

  test("ran on the schedule that the command prints", async () => {
    const { stdout } = await output([...command, "--format", "pytorch"]);
    await expect(stdout).toMatchFileSnapshot(new URL("schedule.py", folder).pathname);
    const { learningRate } = JSON.parse((await output(command)).stdout);
    expect(golden.learningRate).toHaveLength(300);
    learningRate.forEach((rate: number, step: number) => {
      expect(Math.abs(golden.learningRate[step]! - rate)).toBeLessThanOrEqual(1e-12 * rate);
    });
  });

  test("in float64 all 300 losses are those of the original", () => {
    const { original, translated, untranslated } = golden.losses.float64;
    expect(difference(original, translated)).toBeLessThan(1e-12);
    expect(difference(original, untranslated)).toBeGreaterThan(0.1);
    expect(original.at(-1)).toBeLessThan(original[0]! / 10); // it learns
  });

  test("in float32 they are until rounding parts them, no sooner than another order of sums does", () => {
    const { original, translated, reordered } = golden.losses.float32;
    const { translated: parted, reordered: byRounding, untranslated } = golden.apart.float32;
    expect(parted).toBeGreaterThan(80);
    expect(byRounding / parted).toBeGreaterThan(0.5);
    expect(byRounding / parted).toBeLessThan(2);
    expect(untranslated).toBeLessThan(parted / 5);
    expect(difference(original.slice(0, parted), translated)).toBeLessThanOrEqual(1e-4);
    // Afterwards they differ as two trainings do that rounding has parted.
    expect(difference(original, translated)).toBeLessThan(3 * difference(original, reordered));
  });
});
