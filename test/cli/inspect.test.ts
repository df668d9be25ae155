import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { inspectCommand } from "../../src/cli/inspect.js";
import { NormwiseError, type Tensor } from "../../src/core/index.js";
import { encodeSafetensors } from "../../src/io/index.js";
import { parseRunConfig } from "../../src/train/index.js";
import { runTraining } from "../../src/train/node/index.js";
import { tinyModel } from "../foreign/tiny-model.js";
import { commandOutput } from "../support/command-output.js";

const folder = mkdtempSync(join(tmpdir(), "inspect-"));
const model = join(folder, "model.onnx");
const weights = join(folder, "weights.safetensors");

beforeAll(async () => {
  const run = { model: "resnet20", width: 1 / 8, images: 64, validation: 0, batch: 32, epochs: 2, threads: 1 } as const;
  await runTraining(parseRunConfig({ ...run, learningRate: 0.05, weightDecay: 1e-3 }), join(folder, "run"));
  const { bytes, tensors } = tinyModel();
  writeFileSync(model, bytes);
  writeFileSync(weights, encodeSafetensors(tensors));
});
afterEach(() => {
  process.exitCode = undefined;
});

const output = (...rawArgs: readonly string[]) => commandOutput(inspectCommand, rawArgs);

const json = async (...args: readonly string[]) => JSON.parse((await output(...args, "--json")).stdout);
const verdicts = (report: { weights: { name: string; invariance: string }[] }) =>
  Object.fromEntries(report.weights.map(({ name, invariance }) => [name, invariance]));
const expected = {
  ...{ "conv.weight": "channel", "conv.bias": "channel", "bn.weight": "joint", "bn.bias": "joint" },
  ...{ "fc.weight": "joint", "fc.bias": "none" },
};

describe("--json", () => {
  test("has the model's own names, a verdict and a reason for each weight", async () => {
    const report = await json(model);
    expect(verdicts(report)).toEqual(expected);
    for (const weight of report.weights) {
      expect(weight).toMatchObject({ name: expect.any(String), shape: expect.any(Array), because: expect.any(String) });
      expect(["channel", "head", "tensor", "joint", "none"]).toContain(weight.invariance);
      expect(weight.because.length).toBeGreaterThan(10);
    }
    expect(report.weights[0].norm).toMatchObject({ min: expect.any(Number), max: expect.any(Number) });
    expect(report).toMatchObject({ title: "model.onnx", unknown: [], notes: [] });
  });

  test("has rates and the equilibrium where the training is told", async () => {
    const report = await json(
      model,
      "--lr",
      "0.1",
      "--weight-decay",
      "5e-4",
      "--steps-per-epoch",
      "100",
      "--epochs",
      "3",
    );
    expect(report.equilibrium.relaxationSteps).toBeCloseTo(0.1 / (4 * 5e-5), 6);
    expect(report.advice.map(({ kind }: { kind: string }) => kind)).toContain("relaxation-longer-than-run");
    const { rate, norm } = report.weights.find(({ name }: { name: string }) => name === "conv.weight");
    expect(rate.max * norm.min ** 2).toBeCloseTo(1, 6);
    expect(report.weights.find(({ name }: { name: string }) => name === "fc.weight").rate).toBeUndefined();
  });

  test("has the numbers' verdict with --verify, by ONNX Runtime", async () => {
    const report = await json(model, "--verify", "--threads", "1");
    expect(report.verification).toMatchObject({ disagreements: 0, inputs: { x: [4, 3, 64, 64] } });
    expect(report.weights.every(({ verified }: { verified: { agrees: boolean } }) => verified.agrees)).toBe(true);
    expect(process.exitCode).toBeUndefined();
  });
});

test("a run folder is inspected as its network in training form, with the numbers of its training", async () => {
  const report = await json(join(folder, "run"), "--verify", "--threads", "1");
  expect(report.verification.disagreements).toBe(0);
  expect(verdicts(report)).toMatchObject({
    "conv1.weight": "channel",
    "fc.bias": "none",
    "layer3.2.conv2.weight": "channel",
  });
  expect(report.optimizer).toEqual({ optimizer: "sgd", rate: 0.05, weightDecay: 1e-3, momentum: 0.9 });
  expect(report).toMatchObject({ stepsPerEpoch: 2, unknown: [], notes: [] });
  // The gains of initial residual branches and the running variances are there.
  expect(report.weights[0].epsilon.effect.max).toBeGreaterThan(0);
  const exported = await json(join(folder, "run", "model.onnx"));
  expect(exported.notes.join()).toContain("Inspect the run's folder");
});

describe("a safetensors file", () => {
  test("without a graph gets guesses, called so", async () => {
    const report = await json(weights);
    expect(verdicts(report)).toMatchObject({ "conv.weight": "channel", "fc.weight": "none" });
    expect(report.weights.every(({ guess }: { guess?: true }) => guess === true)).toBe(true);
    expect((await output(weights)).stdout).toContain("channel?");
  });

  test("with a graph gets its verdicts, on its own weights", async () => {
    const { tensors } = tinyModel();
    const doubled = Object.fromEntries(
      Object.entries(tensors).map(([name, value]): [string, Tensor] => [
        `module.${name}`,
        { ...value, data: (value.data as Float32Array).map((x) => 2 * x) },
      ]),
    );
    const path = join(folder, "doubled.safetensors");
    writeFileSync(path, encodeSafetensors(doubled));
    const [report, plain] = [await json(path, "--graph", model), await json(model)];
    expect(verdicts(report)).toEqual(expected);
    expect(report.weights[0].norm.median / plain.weights[0].norm.median).toBeCloseTo(2, 6);
    expect(report.weights[0]).not.toHaveProperty("guess");
  });
});

describe("the table", () => {
  test("has a row for each matrix, counts the vectors, and says why what is not invariant by channel is not", async () => {
    const { stdout } = await output(model, "--lr", "0.1");
    expect(stdout).toMatch(/^conv\.weight +8×3×3×3 +channel/m);
    expect(stdout).not.toMatch(/^bn\.weight/m);
    expect(stdout).toContain("4 biases, gains and other vectors");
    expect(stdout).toMatch(/fc\.weight \(joint\): .*together with/s);
    expect(stdout).toContain("Without weight decay the norms of 1 scale-invariant weight grow");
    expect((await output(model, "--all")).stdout).toMatch(/^bn\.weight/m);
    expect((await output(model, "--why")).stdout).toContain("conv.weight (channel): ");
    expect(stdout).not.toContain("\x1b");
  });

  test("and the page say the same; every name in the page is escaped", async () => {
    const evil = join(folder, "evil.onnx");
    writeFileSync(evil, tinyModel("<script>alert(1)</script>").bytes);
    const page = join(folder, "page.html");
    const { stdout } = await output(evil, "--html", page, "--lr", "0.1", "--weight-decay", "1e-3");
    expect(stdout).toContain("<script>");
    const html = readFileSync(page, "utf8");
    expect(html).not.toContain("<script");
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;.weight");
    expect(html).toContain("normwise equivalent --lr 0.1 --weight-decay 0.001");
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<svg class="interval/g)!.length).toBeGreaterThan(1);
  });
});

test.each<[string[], RegExp]>([
  [["--lr", "fast"], /--lr: expected a rate > 0, got fast/],
  [["--lr", "0.1", "--weight-decay=-1"], /--weight-decay: expected a decay ≥ 0, got -1/],
  [["--lr", "0.1", "--momentum", "1"], /--momentum: expected a momentum in \[0, 1\), got 1/],
  [["--lr", "0.1", "--optimizer", "adam"], /--optimizer: expected one of sgd, nesterov, sgdw, adamw, got adam/],
  [["--lr", "0.1", "--optimizer", "adamw", "--momentum", "0.9"], /--momentum: expected --beta1 for adamw/],
  [["--lr", "0.1", "--beta1", "0.9"], /--beta1: expected --momentum for sgd/],
  [["--weight-decay", "0.1"], /expected --lr beside --weight-decay/],
  [["--seed", "3"], /--seed: expected --verify beside it, got none/],
  [["--steps", "1.5"], /--steps: expected a positive integer, got 1\.5/],
  [["--epochs", "2"], /--epochs: expected --steps-per-epoch beside it/],
  [["--epochs", "2", "--steps-per-epoch", "3", "--steps", "6"], /either --steps or --epochs/],
  [["--input-shape", "x:2"], /--input-shape: expected NAME=SIZE,SIZE/],
  [["--input-shape", "y=2,3"], /--input-shape: expected an input of the model \(x\), got y/],
  [["--input-shape", "x=2,3"], /--input-shape x: expected 4 sizes/],
  [["--threads", "0"], /--threads: expected a positive integer, got 0/],
  [["--lowering", "fast"], /--lowering: expected auto, blocked, portable, got fast/],
  [["--lowering", "portable"], /--lowering: expected --verify beside it, got none/],
  [["--html", ""], /--html: expected a file/],
  [["--graph", "other.onnx"], /--graph: expected a safetensors file to go with it/],
  [["--colour"], /options of .*got --colour/],
])("%j is refused by name", async (extra, message) => {
  const run = output(model, ...extra);
  await expect(run).rejects.toThrow(NormwiseError);
  await expect(run).rejects.toThrow(message);
});

test("what is not there, or is no model, is said", async () => {
  await expect(output(join(folder, "none.onnx"))).rejects.toThrow(/a file or folder that exists/);
  const text = join(folder, "text.onnx");
  writeFileSync(text, "not a model");
  await expect(output(text)).rejects.toThrow(NormwiseError);
  await expect(output(weights, "--verify")).rejects.toThrow(/--verify: expected a model with a graph/);
  await expect(output(folder)).rejects.toThrow(NormwiseError);
});
