import { join } from "node:path";
import { readRun, writeFileAtomic } from "../../io/files/index.js";
import { readReportAssets } from "../../report/files/index.js";
import { type ExperimentReport, renderReport } from "../../report/index.js";
import { nodeRuntime } from "../../runtime/node/index.js";
import type { EpochRecord, StepEvent } from "../../train/index.js";
import { loadDataset } from "../../train/node/index.js";
import type {
  Experiment,
  ExperimentChoice,
  ExperimentExtras,
  ExperimentSummary,
  FinishedRun,
  PlannedRun,
  RecordedRun,
} from "../experiment.js";
import { reportRun, settingsOf } from "./experiment-report.js";
import { finishedRun, runSummary } from "./finished-run.js";

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
  /** Told what a person should know of a training before it begins. */
  readonly onNotice?: (notice: string) => void;
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
    options.onRun?.({ run, seed, index, of: planned.length });
    const done = await finishedRun(run, seed, folderOf(seed)(run.name), test, options);
    if (done === undefined) return undefined;
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
  const extras = await computeExtras(
    experiment,
    choice,
    finished.map((run) => recorded(run, folderOf(run))),
  );
  const summary: ExperimentSummary = {
    preset: choice.preset,
    model: `${first.run.config.model}, width ${first.run.config.width}`,
    data: dataName,
    seeds,
    runs: finished.map(runSummary),
    ...(extras ? { extras: extras.summary } : {}),
  };
  const report: ExperimentReport = {
    title: experiment.title,
    subtitle: experiment.subtitle,
    idea: experiment.idea,
    source: experiment.source,
    findings: [...experiment.findings(finished), ...(extras?.findings ?? [])],
    ...(extras ? { tables: extras.tables } : {}),
    settings: settingsOf(first, seeds, dataName),
    ...(command === undefined ? {} : { command }),
    stepsPerEpoch: finished.flatMap(({ epochs }) => epochs)[0]?.step ?? 1, // the first run may have failed in its first
    runs: finished.map((run) => reportRun(run, folderOf(run))),
  };
  const reportPath = join(out, "report.html");
  await writeFileAtomic(join(out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  await writeFileAtomic(reportPath, renderReport(report, readReportAssets()));
  return { summary, report, reportPath };
}

/** A run with what its folder holds. */
function recorded(run: FinishedRun, path: string): RecordedRun {
  const folder = readRun(path);
  return { ...run, norms: () => folder.readNorms(), weights: () => folder.readCheckpoint("last").tensors };
}

async function computeExtras(
  experiment: Experiment,
  { threads, lowering = "auto" }: ExperimentChoice,
  runs: readonly RecordedRun[],
): Promise<ExperimentExtras | undefined> {
  if (!experiment.extras) return undefined;
  const runtime = nodeRuntime({ threads, lowering });
  try {
    return await experiment.extras(runtime, runs);
  } finally {
    await runtime.close();
  }
}
