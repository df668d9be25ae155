import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type ArgsDef, type CommandDef, parseArgs } from "citty";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareCommand } from "../../src/cli/compare.js";
import { evaluateCommand } from "../../src/cli/evaluate.js";
import { predictCommand } from "../../src/cli/predict.js";
import { runConfigFrom, runOptions } from "../../src/cli/run-options.js";
import { trainCommand } from "../../src/cli/train.js";
import { parseRunConfig, type RunConfig, type RunConfigInput } from "../../src/train/index.js";
import { runTraining } from "../../src/train/node/index.js";
import { commandOutput } from "../support/command-output.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-commands-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command in this process; returns what it prints. */
const printed = async <T extends ArgsDef>(command: CommandDef<T>, ...rawArgs: string[]): Promise<string> =>
  (await commandOutput(command, rawArgs)).stdout;

const tiny: RunConfigInput = {
  model: "vgg11",
  width: 1 / 64,
  images: 96,
  validation: 0,
  batch: 32,
  epochs: 1,
  threads: 1,
};

beforeAll(async () => {
  await runTraining(parseRunConfig(tiny), at("one"));
  await runTraining(parseRunConfig({ ...tiny, batch: 48, epochs: 2 }), at("other", "one"));
  const image = (label: number): Buffer => Buffer.concat([Buffer.from([0, label]), Buffer.alloc(3072)]);
  mkdirSync(at("cifar100"));
  writeFileSync(at("cifar100", "test.bin"), Buffer.concat([image(3), image(99)]));
  mkdirSync(at("cifar10"));
  for (let file = 1; file <= 5; file++) {
    const images = Array.from({ length: 8 }, (_, i) => Buffer.concat([Buffer.from([i]), Buffer.alloc(3072, 31 * i)]));
    writeFileSync(at("cifar10", `data_batch_${file}.bin`), Buffer.concat(images));
  }
  const { images: _, ...whole } = tiny;
  await runTraining(parseRunConfig({ ...whole, data: at("cifar10"), model: "resnet20", width: 1 / 16 }), at("colour"));
  mkdirSync(at("digits"));
  writeFileSync(
    at("digits", "t10k-images-idx3-ubyte"),
    Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28, ...new Uint8Array(784)]),
  );
  writeFileSync(at("digits", "t10k-labels-idx1-ubyte"), Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 7]));
});

describe("the options of train", () => {
  const config = (...rawArgs: string[]): Promise<RunConfig> =>
    runConfigFrom(parseArgs(rawArgs, { ...runOptions, config: { type: "string" } }), rawArgs);

  it("written to run.json and read with --config, are the same", async () => {
    const typed = await config(
      ..."--model resnet20 --width 0.5 --epochs 3 --lr 0.05 --schedule warmup:1e+cosine --no-flip --crop 0".split(" "),
      ..."--group scale-invariant:weight-decay=0,rate=0.5 --group=name:^(?:a|b):momentum=0.5".split(" "),
      ..."--control norm-schedule --reference runs/a --cap 7 --granularity epoch --compare-with runs/a".split(" "),
    );
    expect(typed.groups).toEqual([
      { match: "scale-invariant", weightDecay: 0, rateFactor: 0.5 },
      { match: "name:^(?:a|b)", momentum: 0.5 },
    ]);
    writeFileSync(at("run.json"), JSON.stringify({ config: typed, data: {} }));
    expect(await config("--config", at("run.json"))).toEqual(typed);
    const { control, groups, flip, seed } = await config(
      ..."--cap 9 --seed 4 --flip --group biases:rate=2 --config".split(" "),
      at("run.json"),
    );
    expect({ control, groups, flip, seed }).toEqual({
      control: { ...typed.control, cap: 9 },
      groups: [{ match: "biases", rateFactor: 2 }],
      flip: true,
      seed: 4,
    });
    expect((await config("--config", at("run.json"), "--control", "none")).control).toEqual({ kind: "none" });
  });

  it("refuses words that belong to no option", async () => {
    const attempt = printed(trainCommand, "--model", "vgg11", "--nesterov", "true", "--out", at("x"));
    await expect(attempt).rejects.toThrow("normwise train: expected no further words, got true");
  });
});

describe("compare", () => {
  it("tells runs of one name apart, and counts each one's own steps per epoch", async () => {
    const page = at("page.html");
    const table = await printed(compareCommand, at("one"), at("other", "one"), "--html", page);
    expect(table).toContain(at("one"));
    expect(table).toContain(at("other", "one"));
    // 3 steps an epoch in the first run, 2 in the second: their last steps lie at 1 and 2 epochs.
    const positions = [...readFileSync(page, "utf8").matchAll(/"x":(\[\[.*?\]\])/g)].map(([, x]) => JSON.parse(x!));
    const ends = positions.flatMap((lists: number[][]) => lists.map((x) => x.at(-1)!));
    expect(new Set(ends)).toEqual(new Set([1, 2, 0.666667, 1.5])); // norms: before the last step, 2 / 3 and 3 / 2
  });

  it("shows one run under the name of its folder", async () => {
    expect(await printed(compareCommand, at("one"))).toMatch(new RegExp(`^${basename(at("one"))} `, "m"));
  });

  it("does not take one run for two seeds", async () => {
    await expect(printed(compareCommand, at("one"), at("other", "..", "one"))).rejects.toThrow("each run once");
  });
});

describe("evaluate and predict", () => {
  it("say which images a run takes", async () => {
    await expect(printed(evaluateCommand, at("one"), "--data", at("cifar100"), "--threads", "1")).rejects.toThrow(
      /images of 1 × 28 × 28 pixels, as it was trained on, got 3 × 32 × 32 \(CIFAR-100\)/,
    );
  });

  it("do not judge by labels that the model has no logits for", async () => {
    await expect(printed(evaluateCommand, at("colour"), "--data", at("cifar100"), "--threads", "1")).rejects.toThrow(
      /a logit for each of CIFAR-100's 100 classes, got 10/,
    );
  });

  it("name the classes of the run", async () => {
    const lines = await printed(predictCommand, at("one"), "--data", at("digits"), "--threads", "1");
    expect(lines).toMatch(
      /^0,(T-shirt\/top|Trouser|Pullover|Dress|Coat|Sandal|Shirt|Sneaker|Bag|Ankle boot),[\d.]+,7$/m,
    );
  });

  it("say that a run without validation images has no best checkpoint", async () => {
    const attempt = printed(evaluateCommand, at("one"), "--checkpoint", "best", "--threads", "1");
    await expect(attempt).rejects.toThrow(
      /expected a checkpoint best, got last; a run without validation images has none/,
    );
  });
});
