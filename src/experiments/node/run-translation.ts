import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expectation, NonFiniteError, RunError } from "../../core/index.js";
import { readParallelText } from "../../data/files/index.js";
import {
  bleu,
  fingerprint,
  learnVocabulary,
  type ParallelText,
  tokenPairs,
  type VocabularyPair,
} from "../../data/index.js";
import type { Runtime } from "../../graph/index.js";
import { RunFolder, readRun, writeFileAtomic } from "../../io/files/index.js";
import { adam, cosineDecay, median, warmup } from "../../optim/index.js";
import { readReportAssets } from "../../report/files/index.js";
import { type ExperimentReport, renderReport } from "../../report/index.js";
import type { LoweringOption } from "../../runtime/index.js";
import {
  type LoopEvent,
  type TranslationEpochRecord,
  trainTranslator,
  translateSentences,
  translationShapes,
} from "../../train/index.js";
import { checkpointOf, epochRecords, loweringOf, runRecorder, runRuntime } from "../../train/node/index.js";
import type { ExperimentSummary, RunFailure } from "../experiment.js";
import {
  type FinishedTranslation,
  type TranslationPreset,
  type TranslationRun,
  translation,
  translationPresets,
} from "../translation.js";
import { translationReport } from "./translation-report.js";

/** Options of {@link runTranslation}. */
export interface TranslationOptions {
  /** `laptop` by default. */
  readonly preset?: "laptop" | "paper";
  /** Overrides the preset's number of epochs. */
  readonly epochs?: number;
  /** Folder with `train`, `val` and `test_2016_flickr`, `.de` and `.en`, plain or gzipped: the layout of Multi30k. */
  readonly data: string;
  readonly threads: number;
  /** `auto` by default; a run that is continued goes on with its own unless another is asked for. */
  readonly lowering?: LoweringOption;
  readonly seeds: readonly number[];
  /** Folder of all runs and results. */
  readonly out: string;
  /** Names of the runs to take; all by default. */
  readonly only?: readonly string[];
  /** The command line that makes the report again. */
  readonly command?: string;
  readonly signal?: AbortSignal;
  /** Told before each training, also before one that is already finished. */
  readonly onRun?: (event: {
    readonly run: TranslationRun;
    readonly seed: number;
    readonly epochs: number;
    readonly index: number;
    readonly of: number;
  }) => void;
  /** Told after each step of the training under way. */
  readonly onStep?: (event: LoopEvent) => void;
  /** Told after each epoch of the training under way. */
  readonly onEpoch?: (record: TranslationEpochRecord) => void;
  /** Told what a person should know of a training before it begins. */
  readonly onNotice?: (notice: string) => void;
  /** Told after each training, with its result. */
  readonly onRunEnd?: (run: FinishedTranslation) => void;
}

/** What the experiment's `summary.json` holds; losses in nats per token. */
export interface TranslationSummary extends Omit<ExperimentSummary, "runs"> {
  readonly settings: TranslationPreset;
  readonly runs: readonly {
    readonly name: string;
    readonly seed: number;
    /** Of the test set; absent where the preset does not translate. */
    readonly bleu?: number;
    readonly failure?: RunFailure;
    /** After each epoch, without label smoothing. */
    readonly validationLoss: readonly number[];
    readonly trainLoss: readonly number[];
    /** Target tokens; median over epochs. */
    readonly tokensPerSecond: number;
  }[];
}

/** What all runs share: texts and the vocabulary, the same for all seeds. */
interface Material {
  readonly preset: TranslationPreset;
  readonly training: ParallelText;
  readonly validation: ParallelText;
  readonly test: ParallelText;
  readonly vocabularies: VocabularyPair;
  /** Of the three texts, by which a run that is continued knows them again. */
  readonly fingerprints: readonly string[];
}

/**
 * Runs the translation experiment, each training in a run folder, and writes `summary.json` and `report.html`. Called
 * again on the same folder, it keeps finished runs and continues the one that was interrupted.
 *
 * @returns `undefined` if the signal ended it before the last run was done.
 * @throws DataError if the texts cannot be read; RunError if the folder holds other runs than these.
 */
export async function runTranslation(
  options: TranslationOptions,
): Promise<{ readonly report: ExperimentReport; readonly reportPath: string } | undefined> {
  const base = translationPresets[options.preset ?? "laptop"];
  const preset = options.epochs === undefined ? base : { ...base, epochs: options.epochs };
  const material = await readMaterial(options.data, preset);
  const runs = translation.runs.filter(({ name }) => options.only?.includes(name) ?? true);
  const planned = options.seeds.flatMap((seed) => runs.map((run) => ({ run, seed })));
  const finished: FinishedTranslation[] = [];
  for (const [index, { run, seed }] of planned.entries()) {
    options.onRun?.({ run, seed, epochs: preset.epochs, index, of: planned.length });
    const done = await finishedRun(run, seed, material, options);
    if (done === undefined) return undefined;
    finished.push(done);
    options.onRunEnd?.(done);
  }
  const report = translationReport(finished, preset, material.training, options);
  const reportPath = join(options.out, "report.html");
  const summary: TranslationSummary = {
    preset: options.preset ?? "laptop",
    model: translation.name,
    settings: preset,
    data: material.training.name,
    seeds: options.seeds,
    runs: finished.map(({ run, seed, epochs, bleu, failure }) => ({
      name: run.name,
      seed,
      ...(failure ? { failure } : {}),
      ...(bleu === undefined ? {} : { bleu }),
      validationLoss: epochs.flatMap(({ validationLoss }) => validationLoss ?? []),
      trainLoss: epochs.map(({ trainLoss }) => trainLoss),
      tokensPerSecond: median(Float64Array.from(epochs, ({ tokensPerSecond }) => tokensPerSecond)),
    })),
  };
  await writeFileAtomic(join(options.out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  await writeFileAtomic(reportPath, renderReport(report, readReportAssets()));
  return { report, reportPath };
}

async function readMaterial(folder: string, preset: TranslationPreset): Promise<Material> {
  const read = (split: string): Promise<ParallelText> =>
    readParallelText(folder, split, { source: "de", target: "en" });
  const [all, validation, test] = await Promise.all([read("train"), read("val"), read("test_2016_flickr")]);
  const { pairs, merges } = preset;
  const training = { ...all, source: all.source.slice(0, pairs), target: all.target.slice(0, pairs) };
  const joint = learnVocabulary([...training.source, ...training.target], { merges });
  const fingerprints = await Promise.all([training, validation, test].map(fingerprint));
  return { preset, training, validation, test, vocabularies: { source: joint, target: joint }, fingerprints };
}

/** What a run came to, in its `result.json`. */
type TranslationResult = Pick<FinishedTranslation, "bleu" | "failure">;

/** A training that ends in a loss that is not finite is a result too; any other error ends the experiment. */
function failureOf(error: unknown): TranslationResult {
  if (!(error instanceof NonFiniteError)) throw error;
  return { failure: { step: error.step, layer: error.layer } };
}

/** Trains and judges a run, or reads what it came to before; `undefined` if it was interrupted. */
async function finishedRun(
  run: TranslationRun,
  seed: number,
  material: Material,
  options: TranslationOptions,
): Promise<FinishedTranslation | undefined> {
  const { preset, training, fingerprints } = material;
  const path = join(options.out, `seed-${seed}`, run.name);
  const config = { experiment: translation.name, run: run.name, seed, preset, data: training.name, fingerprints };
  const result = join(path, "result.json");
  if (existsSync(join(path, "run.json"))) requireSameOptions(path, config);
  if (!existsSync(result)) {
    const content = await inFolder(path, config, options, (folder, runtime) =>
      train(run, seed, folder, runtime, material, options).catch(failureOf),
    );
    if (content === undefined) return undefined;
    await writeFileAtomic(result, `${JSON.stringify(content, null, 2)}\n`);
  }
  const content = JSON.parse(readFileSync(result, "utf8")) as TranslationResult;
  return { run, seed, epochs: epochRecords<TranslationEpochRecord>(readRun(path)), ...content };
}

/** Throws a RunError unless the run in a folder was begun with these options. */
function requireSameOptions(path: string, config: object): void {
  const { lowering: _, ...held } = readRun(path).config;
  // As the file has it: what is undefined is not written.
  if (isDeepStrictEqual(held, JSON.parse(JSON.stringify(config)))) return;
  throw new RunError(expectation(path, "a run with these options", JSON.stringify(held), "choose another folder"));
}

/** Opens a run folder and a runtime for it, begun or continued, and closes them after `use`. */
async function inFolder<T>(
  path: string,
  config: Readonly<Record<string, unknown>>,
  options: TranslationOptions,
  use: (folder: RunFolder, runtime: Runtime) => Promise<T>,
): Promise<T> {
  const { threads, lowering = "auto" } = options;
  const known = existsSync(join(path, "run.json"));
  const runtime = await runRuntime({ threads, lowering }, options, known ? path : undefined);
  let folder: RunFolder | undefined;
  try {
    folder = known
      ? await RunFolder.open(path)
      : await RunFolder.create(path, { ...config, lowering: await loweringOf(runtime) });
    return await use(folder, runtime);
  } finally {
    await folder?.close();
    await runtime.close();
  }
}

async function train(
  run: TranslationRun,
  seed: number,
  folder: RunFolder,
  runtime: Runtime,
  { preset, training, validation, test, vocabularies }: Material,
  { signal, onStep, onEpoch }: TranslationOptions,
): Promise<TranslationResult | undefined> {
  const network = run.network(preset, vocabularies.target.tokens.length);
  const pairs = tokenPairs(training, vocabularies);
  const shapes = translationShapes(pairs, preset.tokens);
  const last = await folder.resume();
  const resume = last && {
    ...checkpointOf(last, folder.path),
    epochs: epochRecords<TranslationEpochRecord>(readRun(folder.path)),
  };
  const result = await trainTranslator({
    network,
    pairs,
    validation: tokenPairs(validation, vocabularies),
    runtime,
    shapes,
    epochs: preset.epochs,
    learningRate: preset.learningRate,
    schedule: warmup("0.9e", cosineDecay()),
    optimizer: adam({ beta2: 0.98, epsilon: 1e-9 }),
    smoothing: preset.smoothing,
    seed,
    measureEvery: 50,
    recorder: runRecorder<TranslationEpochRecord>(folder, false),
    ...(resume ? { resume } : {}),
    ...(signal ? { signal } : {}),
    ...(onStep ? { onStep } : {}),
    ...(onEpoch ? { onEpoch } : {}),
  });
  if (result.interrupted) return undefined;
  const { beam } = preset;
  if (beam === undefined) return {};
  const weights = await result.state.read();
  const translations = await translateSentences(runtime, network, weights, test.source, {
    ...vocabularies,
    shapes,
    beam,
  });
  await folder.writeFile("translations.txt", new TextEncoder().encode(`${translations.join("\n")}\n`));
  return { bleu: bleu(translations, test.target).score };
}
