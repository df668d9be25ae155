import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// Every command as a person would get it wrong: exit code 1, one line that quotes the value, nothing left behind.

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "normwise-errors-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

function normwise(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd: folder }, (error, out, errors) =>
      resolve({ code: error ? Number(error.code) : 0, out, errors }),
    );
  });
}

const tiny = "train --model vgg11 --width 0.0625 --images 64 --batch 32 --validation 50 --epochs 1 --threads 1".split(
  " ",
);

beforeAll(async () => {
  expect(await normwise(...tiny, "--out", "run")).toMatchObject({ code: 0 });
  mkdirSync(at("empty"));
  mkdirSync(at("cut"));
  mkdirSync(at("magic"));
  mkdirSync(at("label"));
  for (let index = 1; index <= 5; index++) {
    writeFileSync(at("cut", `data_batch_${index}.bin`), new Uint8Array(5000));
    writeFileSync(at("label", `data_batch_${index}.bin`), new Uint8Array(3073).fill(77, 0, 1));
  }
  writeFileSync(at("magic", "train-images-idx3-ubyte"), new Uint8Array(8000));
  writeFileSync(at("magic", "train-labels-idx1-ubyte"), new Uint8Array(100));
});

describe("wrong input", () => {
  const cases: readonly [what: string, args: string[], message: RegExp][] = [
    ["no model", ["train", "--out", "x"], /model is missing/],
    ["unknown model", ["train", "--model", "vgg12", "--out", "x"], /expected vgg11, .*got vgg12/],
    ["missing data", ["train", "--model", "vgg11", "--data", "nowhere", "--out", "x"], /nowhere: .*got nothing there/],
    ["a folder without data", ["train", "--model", "vgg11", "--data", "empty", "--out", "x"], /what is looked for/],
    ["a truncated file", ["train", "--model", "vgg11", "--data", "cut", "--out", "x"], /data_batch_1\.bin: .*5000/],
    [
      "a wrong magic number",
      ["train", "--model", "vgg11", "--data", "magic", "--out", "x"],
      /magic number .*got 00 00 00 00/,
    ],
    ["a label out of range", ["train", "--model", "vgg11", "--data", "label", "--out", "x"], /label.*77/],
    ["an unknown option", ["train", "--model", "vgg11", "--oops", "1", "--out", "x"], /got --oops/],
    [
      "a batch larger than the set",
      ["train", "--model", "vgg11", "--batch", "20000", "--out", "x"],
      /at most 9000.*got 20000/,
    ],
    ["a negative rate", ["train", "--model", "vgg11", "--lr", "-1", "--out", "x"], /learningRate: .*-1/],
    [
      "a rate that is no number",
      ["train", "--model", "vgg11", "--lr", "fast", "--out", "x"],
      /--lr: expected a number, got fast/,
    ],
    ["an unknown schedule", ["train", "--model", "vgg11", "--schedule", "wobble", "--out", "x"], /got wobble/],
    [
      "a group without numbers",
      ["train", "--model", "vgg11", "--group", "biases", "--out", "x"],
      /--group: .*got biases/,
    ],
    ["a folder that holds a run", [...tiny, "--out", "run"], /one that holds a run; continue it with --resume/],
    ["resuming nothing", ["train", "--resume", "--out", "nowhere"], /expected a folder with a run in it/],
    ["resuming with other options", [...tiny, "--seed", "9", "--resume", "--out", "run"], /seed 1.*got seed 9/],
    [
      "a reference that is not there",
      [...tiny, "--control", "paper-correction", "--reference", "nowhere", "--out", "x"],
      /nowhere/,
    ],
    [
      "a decay beyond the limit",
      [...tiny, "--control", "exact-schedule", "--from-weight-decay", "9", "--out", "x"],
      /\(1 − √momentum\)² = 0\.00263/,
    ],
    [
      "an unknown optimizer",
      [...tiny, "--optimizer", "lamb", "--out", "x"],
      /optimizer: expected .*"sgdp".*got "lamb"/,
    ],
    [
      "an angle of 0",
      [...tiny, "--optimizer", "rotational-sgd", "--out", "x"],
      /weightDecay: expected a weight decay > 0 with a rotational optimizer/,
    ],
    [
      "a rate of 0 that decay is to follow",
      [...tiny, "--optimizer", "sgdc", "--lr", "0", "--out", "x"],
      /corrected decay: expected a peakRate > 0, got 0/,
    ],
    [
      "an optimizer of scale-invariant weights where there are none",
      [...tiny, "--optimizer", "adamp", "--norm", "none", "--out", "x"],
      /an optimizer with projection: expected a network with scale-invariant weights, got none/,
    ],
    [
      "an optimizer that acts on norms beside a control that does",
      [
        ...[...tiny, "--optimizer", "sgdc", "--weight-decay", "1e-3", "--control", "exact-schedule"],
        ...["--from-weight-decay", "1e-3", "--out", "x"],
      ],
      /exact-schedule: expected an optimizer that treats .* alike|as all others, got one with corrected decay/,
    ],
    ["a limit that limits nothing", [...tiny, "--clip-adaptive", "0", "--out", "x"], /clipAdaptive: .*got 0/],
    [
      "a group's limit without adaptive clipping",
      [...tiny, "--group", "all:clip-adaptive=0.1", "--out", "x"],
      /no limit of adaptive clipping in groups, got 0\.1/,
    ],
    ["an unknown experiment", ["reproduce", "wobble"], /one of weight-decay, metrics, .*got wobble/],
    ["an unknown norm", [...tiny, "--norm", "wobble", "--out", "x"], /norm\.kind: .*got "wobble"/],
    ["an unknown metric", [...tiny, "--norm-metric", "l0.5", "--out", "x"], /norm\.metric: expected l2, .*got l0\.5/],
    ["a constant that is none", [...tiny, "--norm-constant", "big", "--out", "x"], /--norm-constant: .*got big/],
    [
      "a batch that ghosts do not divide",
      [...tiny, "--norm", "ghost", "--norm-size", "24", "--out", "x"],
      /a multiple of 24/,
    ],
    ["an unknown weight norm", [...tiny, "--weight-norm", "heavy", "--out", "x"], /weightNorm\.kind: .*got "heavy"/],
    [
      "a branch factor without branches",
      [...tiny, "--branch-scale", "0", "--out", "x"],
      /a residual network, got vgg11/,
    ],
    ["an unknown accumulator", [...tiny, "--norm-accumulator", "fp8", "--out", "x"], /normAccumulator: .*got "fp8"/],
    ["exporting to an unknown format", ["export", "run", "--out", "x.pt"], /\.onnx or \.safetensors, got x\.pt/],
    ["exporting nothing", ["export", "nowhere", "--out", "x.onnx"], /nowhere/],
    [
      "translation without text",
      ["reproduce", "translation"],
      /--data: expected a folder with parallel text.*got none/,
    ],
    [
      "images of translation",
      ["reproduce", "translation", "--data", ".", "--images", "5"],
      /with images, got translation/,
    ],
    ["an unknown preset", ["reproduce", "weight-decay", "--preset", "big"], /laptop or paper, got big/],
    ["evaluating nothing", ["evaluate", "nowhere"], /nowhere/],
    ["evaluating what is no model", ["evaluate", "magic/train-labels-idx1-ubyte.onnx"], /\.onnx/],
    ["comparing nothing", ["compare", "nowhere"], /nowhere/],
    [
      "a loss that becomes NaN",
      [...tiny, "--lr", "1e35", "--out", "nan"],
      /finite loss, got NaN at step 1; first not finite: layer features\.\d+/,
    ],
  ];

  it.each(cases)("%s", async (_, args, message) => {
    const { code, errors } = await normwise(...args);
    expect(errors).toMatch(message);
    expect(errors).toMatch(/^error: /m);
    expect(errors).not.toMatch(/\n {4}at /); // no stack
    expect(code).toBe(1);
    expect(existsSync(at("x"))).toBe(false);
  });

  it("a checkpoint cut short", async () => {
    cpSync(at("run"), at("short"), { recursive: true });
    truncateSync(at("short", "checkpoints", "last.safetensors"), 20_000);
    const { code, errors } = await normwise("train", "--resume", "--out", "short");
    expect(errors).toMatch(/last\.safetensors: expected a whole checkpoint/);
    expect(code).toBe(1);
  });

  it("a checkpoint of another model", async () => {
    expect(await normwise(...tiny, "--model", "vgg13", "--out", "other")).toMatchObject({ code: 0 });
    cpSync(at("run", "checkpoints", "last.safetensors"), at("other", "checkpoints", "last.safetensors"));
    const { code, errors } = await normwise("evaluate", "other");
    expect(errors).toMatch(/features\.\d+/);
    expect(code).toBe(1);
  });
});

describe("a run", () => {
  it("evaluates alike from its folder and from its model.onnx", async () => {
    const [run, model] = await Promise.all([
      normwise("evaluate", "run", "--json"),
      normwise("evaluate", "run/model.onnx", "--json"),
    ]);
    const [a, b] = [run, model].map(({ out }) => JSON.parse(out) as { accuracy: number; loss: number; images: number });
    expect(a!.images).toBe(10_000);
    expect(b!.accuracy).toBe(a!.accuracy);
    expect(b!.loss).toBeCloseTo(a!.loss, 6);
  });

  it("stops at Ctrl-C with a checkpoint, and says how to go on", { timeout: 120_000 }, async () => {
    const args = [main, ...tiny.with(tiny.indexOf("--epochs") + 1, "40"), "--out", "long"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk) => {
      if (!errors.includes("epoch  2/40") && `${errors}${chunk}`.includes("epoch  2/40")) child.kill("SIGINT");
      errors += chunk;
    });
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(code).toBe(130);
    expect(errors).toMatch(/continue with: normwise train --resume --out long/);
    const before = readFileSync(at("long", "metrics.jsonl"), "utf8").match(/"type":"epoch"/g)!.length;
    expect(before).toBeLessThan(40);
    expect(await normwise("train", "--resume", "--out", "long")).toMatchObject({ code: 0 });
    expect(readFileSync(at("long", "metrics.jsonl"), "utf8").match(/"type":"epoch"/g)).toHaveLength(40);
  });
});
