import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunError, randomStream } from "../../src/core/index.js";
import {
  type FinishedTranslation,
  translation,
  translationFindings,
  translationPresets,
} from "../../src/experiments/index.js";
import { runTranslation, type TranslationOptions } from "../../src/experiments/node/index.js";
import { Graph, Scope } from "../../src/graph/index.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-translation-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sentences of a grammar that a dictionary translates. */
function writeSplit(split: string, count: number): void {
  const random = randomStream(1, split);
  const one = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  const who = [
    ["Ein Hund", "A dog"],
    ["Eine Frau", "A woman"],
    ["Ein Kind", "A child"],
    ["Ein Mann", "A man"],
  ] as const;
  const what = [
    ["läuft", "runs"],
    ["schläft", "sleeps"],
    ["singt", "sings"],
  ] as const;
  const where = [
    ["im Park", "in the park"],
    ["am See", "at the lake"],
    ["im Haus", "in the house"],
  ] as const;
  const lines = Array.from({ length: count }, () => [one(who), one(what), one(where)]);
  for (const [side, language] of ["de", "en"].entries()) {
    writeFileSync(
      at(`${split}.${language}`),
      lines.map((words) => `${words.map((word) => word[side]).join(" ")}.\n`).join(""),
    );
  }
}

beforeAll(() => {
  writeSplit("train", 600);
  writeSplit("val", 30);
  writeSplit("test_2016_flickr", 30);
});

const only = ["transformer-layer-norm", "lstm-bounded-weight-norm"];
const options = (out: string, more: Partial<TranslationOptions> = {}): TranslationOptions => ({
  preset: "laptop",
  epochs: 2,
  data: folder,
  threads: 1,
  seeds: [1],
  out: at(out),
  only,
  ...more,
});

describe("runTranslation", () => {
  it("trains, interrupted and continued to the same numbers, and reports", async () => {
    const straight = await runTranslation(options("straight"));
    const stop = new AbortController();
    const interrupted = await runTranslation(
      options("stopped", { signal: stop.signal, onStep: ({ step }) => step === 3 && stop.abort() }),
    );
    expect(interrupted).toBeUndefined();
    expect(existsSync(at("stopped", "report.html"))).toBe(false);
    const continued = await runTranslation(options("stopped"));
    const losses = (outcome: typeof straight): unknown =>
      outcome!.report.runs.map(({ trainLoss, validationLoss }) => ({ trainLoss, validationLoss }));
    expect(losses(continued)).toEqual(losses(straight));
    expect(straight!.report.runs.map(({ name }) => name)).toEqual(only);
    for (const { validationLoss } of straight!.report.runs)
      expect(validationLoss![1]).toBeLessThan(validationLoss![0]!);
    const summary = JSON.parse(readFileSync(at("straight", "summary.json"), "utf8"));
    expect(summary).toMatchObject({ preset: "laptop", model: "translation", seeds: [1] });
    expect(summary.runs.map((run: { name: string }) => run.name)).toEqual(only);
    for (const { trainLoss, validationLoss, tokensPerSecond } of summary.runs) {
      expect(validationLoss).toHaveLength(trainLoss.length);
      expect(tokensPerSecond).toBeGreaterThan(0);
    }
    expect(readFileSync(straight!.reportPath, "utf8")).toContain("LSTM, bounded weight norm");
    await expect(runTranslation(options("stopped", { epochs: 3 }))).rejects.toThrow(RunError);
    writeSplit("val", 29);
    await expect(runTranslation(options("stopped"))).rejects.toThrow(/fingerprints/);
  }, 120_000);
});

describe("the plan", () => {
  it("is layer norm, weight norm and bounded weight norm of each network, and each has what it says", () => {
    expect(translation.runs.map(({ name }) => name)).toEqual(
      ["transformer", "lstm"].flatMap((network) =>
        ["layer-norm", "weight-norm", "bounded-weight-norm"].map((norm) => `${network}-${norm}`),
      ),
    );
    for (const { name, network } of translation.runs) {
      const scope = new Scope(new Graph(), { training: true });
      const input = (of: string) => scope.graph.input(of, [2, 3], "int32");
      const opened = network({ ...translationPresets.paper, width: 8, feedForward: 8 }, 10).open(scope);
      opened.encode(input("source")).logits(input("target"));
      const has = (pattern: RegExp): boolean => scope.parameters.some((parameter) => pattern.test(parameter.name));
      expect([has(/norm/), has(/weight\w*_v$/), has(/weight\w*_g$/)], name).toEqual([
        name.endsWith("layer-norm"),
        name.endsWith("weight-norm"),
        name.endsWith("-weight-norm") && !name.includes("bounded"),
      ]);
    }
  });

  it("compares each network with its own layer norm, by BLEU where there is one", () => {
    const done = (name: string, validationLoss: number, bleu?: number): FinishedTranslation => {
      const run = translation.runs.find((each) => each.name === name)!;
      const record = {
        type: "epoch",
        epoch: 1,
        step: 1,
        learningRate: 1,
        trainLoss: 1,
        layers: {},
        tokensPerSecond: 1,
      } as const;
      return { run, seed: 1, epochs: [{ ...record, validationLoss }], ...(bleu === undefined ? {} : { bleu }) };
    };
    expect(
      translationFindings([
        done("transformer-layer-norm", 2, 30),
        done("transformer-weight-norm", 2.5, 28.04),
        done("lstm-layer-norm", 3),
        done("lstm-bounded-weight-norm", 2.75),
      ]),
    ).toEqual([
      "Transformer: weight norm comes to 28.0 BLEU, layer norm to 30.0.",
      "LSTM: bounded weight norm ends at a validation loss of 2.750 nats per token, layer norm at 3.000.",
    ]);
  });
});
