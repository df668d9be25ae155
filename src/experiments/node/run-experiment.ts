import { existsSync } from "node:fs";
import { join } from "node:path";
import { readRun, writeFileAtomic } from "../../io/files/index.js";
import { readReportAssets } from "../../report/files/index.js";
import { type ExperimentReport, renderReport } from "../../report/index.js";
import type { EpochRecord, StepEvent } from "../../train/index.js";
import {
  epochRecords,
  loadDataset,
  type RunResult,
  readRunResult,
  requireSameConfig,
  runTraining,
} from "../../train/node/index.js";
import type { Experiment, ExperimentChoice, ExperimentSummary, FinishedRun, PlannedRun } from "../experiment.js";
import { medianSpeed, reportRun, settingsOf } from "./experiment-report.js";

/** Options of {@link runExperiment}. */
export interface RunExperimentOptions {
  /** Folder of all runs and results. */
  readonly out: string;
  readonly seeds: readonly number[];
  /** The command line that makes the report again. */
  readonly command?: string;
  readonly signal?: AbortSignal;
  /** Told before each training, also before one that is already finished. */
  readonly onRun?: (event: {
    readonly run: PlannedRun;
    readonly seed: number;
    readonly index: number;
    readonly of: number;
  }) => void;
  /** Told after each step of the training under way. */
  readonly onStep?: (event: StepEvent) => void;
  /** Told after each epoch of the training under way. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Told after each training, with its result. */
  readonly onRunEnd?: (run: FinishedRun) => void;
}

/** What a finished experiment gives. */
export interface ExperimentOutcome {
  readonly summary: ExperimentSummary;
  readonly report: ExperimentReport;
  /** Where the report was written. */
  readonly reportPath: string;
}

/**
 * Runs every training of an experiment for every seed, and writes `summary.json` and `report.html`. Called again on the
 * same folder, it keeps finished runs and continues the one that was interrupted.
 *
 * @returns `undefined` if the signal ended it before the last run was done.
 * @throws RunError if the folder holds other runs than these.
 */
export async function runExperiment(
  experiment: Experiment,
  choice: ExperimentChoice,
  options: RunExperimentOptions,
): Promise<ExperimentOutcome | undefined> {
  const test = await loadDataset(choice.data, "test");
  const folderOf =
    (seed: number) =>
    (name: string): string =>
      join(options.out, `seed-${seed}`, name);
  const planned = options.seeds.flatMap((seed) =>
    experiment.plan(choice, seed, folderOf(seed)).map((run) => ({ run, seed })),
  );
  const finished: FinishedRun[] = [];
  for (const [index, { run, seed }] of planned.entries()) {
    const folder = folderOf(seed)(run.name);
    options.onRun?.({ run, seed, index, of: planned.length });
    if (!existsSync(join(folder, "result.json"))) {
      const outcome = await runTraining(run.config, folder, {
        resume: existsSync(join(folder, "run.json")),
        ...(options.signal ? { signal: options.signal } : {}),
        ...(options.onStep ? { onStep: options.onStep } : {}),
        ...(options.onEpoch ? { onEpoch: options.onEpoch } : {}),
        async onFinished(result) {
          if (result.interrupted) return;
          const verdict = await result.model.evaluate(test);
          const content: RunResult = { testAccuracy: verdict.accuracy, testLoss: verdict.loss };
          await writeFileAtomic(join(folder, "result.json"), `${JSON.stringify(content, null, 2)}\n`);
        },
      });
      if (outcome.interrupted) return undefined;
    } else {
      requireSameConfig(folder, run.config);
    }
    const { result, progress } = readRunResult(folder);
    const { cappedChannels } = progress;
    const done = {
      run,
      seed,
      epochs: epochRecords(readRun(folder)),
      testAccuracy: result!.testAccuracy,
      cappedChannels,
    };
    finished.push(done);
    options.onRunEnd?.(done);
  }
  return writeResults(experiment, choice, options, finished, (done) => folderOf(done.seed)(done.run.name));
}

async function writeResults(
  experiment: Experiment,
  choice: ExperimentChoice,
  { out, seeds, command }: RunExperimentOptions,
  finished: readonly FinishedRun[],
  folderOf: (run: FinishedRun) => string,
): Promise<ExperimentOutcome> {
  const first = finished[0]!;
  const { name: dataName } = readRun(folderOf(first)).config.data as { name: string };
  const summary: ExperimentSummary = {
    preset: choice.preset,
    model: `${first.run.config.model}, width ${first.run.config.width}`,
    data: dataName,
    seeds,
    runs: finished.map(({ run, seed, epochs, testAccuracy, cappedChannels }) => ({
      name: run.name,
      seed,
      testAccuracy,
      validationAccuracy: epochs.flatMap(({ validationAccuracy }) => validationAccuracy ?? []),
      trainLoss: epochs.map(({ trainLoss }) => trainLoss),
      imagesPerSecond: medianSpeed(epochs),
      cappedChannels,
    })),
  };
  const report: ExperimentReport = {
    title: experiment.title,
    subtitle: experiment.subtitle,
    idea: experiment.idea,
    source: experiment.source,
    findings: experiment.findings(finished),
    settings: settingsOf(first, seeds, dataName),
    ...(command === undefined ? {} : { command }),
    stepsPerEpoch: first.epochs[0]!.step,
    runs: finished.map((run) => reportRun(run, folderOf(run))),
  };
  const reportPath = join(out, "report.html");
  await writeFileAtomic(join(out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  await writeFileAtomic(reportPath, renderReport(report, readReportAssets()));
  return { summary, report, reportPath };
}
