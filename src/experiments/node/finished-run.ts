import { existsSync } from "node:fs";
import { join } from "node:path";
import { NonFiniteError } from "../../core/index.js";
import type { ImageDataset } from "../../data/index.js";
import { readRun, writeFileAtomic } from "../../io/files/index.js";
import { epochRecords, type RunResult, readRunResult, requireSameConfig, runTraining } from "../../train/node/index.js";
import type { FinishedRun, PlannedRun, RunSummary } from "../experiment.js";
import { medianSpeed } from "./experiment-report.js";
import type { RunExperimentOptions } from "./run-experiment.js";

/**
 * A planned training, taken to its end: trained, continued, or read if it ended before. One that ends in a loss that is
 * not finite is a result too; the experiment goes on.
 *
 * @returns `undefined` if the signal ended it.
 */
export async function finishedRun(
  run: PlannedRun,
  seed: number,
  folder: string,
  test: ImageDataset,
  options: Pick<RunExperimentOptions, "signal" | "onStep" | "onEpoch" | "onNotice">,
): Promise<FinishedRun | undefined> {
  if (existsSync(join(folder, "result.json"))) requireSameConfig(folder, run.config);
  else if (!(await trained(run, folder, test, options))) return undefined;
  const { result, progress } = readRunResult(folder);
  const epochs = epochRecords(readRun(folder));
  const { testAccuracy, failure } = result!;
  return {
    run,
    seed,
    epochs,
    cappedChannels: progress?.cappedChannels ?? 0,
    ...(testAccuracy === undefined ? {} : { testAccuracy }),
    ...(failure ? { failure } : {}),
  };
}

/** Trains and leaves `result.json`; whether it came to an end. */
async function trained(
  { config }: PlannedRun,
  folder: string,
  test: ImageDataset,
  { signal, onStep, onEpoch, onNotice }: Pick<RunExperimentOptions, "signal" | "onStep" | "onEpoch" | "onNotice">,
): Promise<boolean> {
  const conclude = (content: RunResult): Promise<void> =>
    writeFileAtomic(join(folder, "result.json"), `${JSON.stringify(content, null, 2)}\n`);
  try {
    const outcome = await runTraining(config, folder, {
      resume: existsSync(join(folder, "run.json")),
      ...(signal ? { signal } : {}),
      ...(onStep ? { onStep } : {}),
      ...(onEpoch ? { onEpoch } : {}),
      ...(onNotice ? { onNotice } : {}),
      async onFinished(result) {
        if (result.interrupted) return;
        const { accuracy, loss } = await result.model.evaluate(test);
        await conclude({ testAccuracy: accuracy, testLoss: loss });
      },
    });
    return !outcome.interrupted;
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    await conclude({ failure: { step: error.step, layer: error.layer } });
    return true;
  }
}

/** A run's line in `summary.json`. */
export function runSummary({ run, seed, epochs, testAccuracy, failure, cappedChannels }: FinishedRun): RunSummary {
  const { overflowSteps, overflowStatistics } = epochs.at(-1) ?? {};
  return {
    name: run.name,
    seed,
    testAccuracy: testAccuracy ?? null,
    ...(failure ? { failure } : {}),
    validationAccuracy: epochs.flatMap(({ validationAccuracy }) => validationAccuracy ?? []),
    trainLoss: epochs.map(({ trainLoss }) => trainLoss),
    imagesPerSecond: medianSpeed(epochs),
    cappedChannels,
    ...(overflowSteps === undefined ? {} : { overflowSteps }),
    ...(overflowStatistics === undefined ? {} : { overflowStatistics }),
  };
}
