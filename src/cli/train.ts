import { defineCommand } from "citty";
import { assertArgument } from "../core/index.js";
import type { RunConfig } from "../train/index.js";
import { readRunConfig, runTraining } from "../train/node/index.js";
import { interruptionSignal } from "./interruption.js";
import { trainingProgress } from "./progress.js";
import { runConfigFrom, runOptions } from "./run-options.js";
import { rejectUnknownOptions } from "./unknown-options.js";

const args = {
  out: { type: "string", description: "folder of the run", required: true },
  config: { type: "string", description: "a JSON file with the configuration; a run's run.json will do" },
  resume: { type: "boolean", description: "continue the run in --out" },
  ...runOptions,
} as const;

/** `normwise train`. */
export const trainCommand = defineCommand({
  meta: { name: "train", description: "Train a network; leaves a run folder." },
  args,
  async run({ args: given, rawArgs }) {
    rejectUnknownOptions("train", args, given, 0);
    assertArgument(given.out !== "", "--out", "a folder", given.out);
    const resume = given.resume === true;
    const config = resume ? await resumedConfig(given, rawArgs) : await runConfigFrom(given, rawArgs);
    const progress = trainingProgress(config.epochs);
    const interruption = interruptionSignal();
    try {
      const { interrupted, epochs } = await runTraining(config, given.out, {
        resume,
        signal: interruption.signal,
        onStep: progress.onStep,
        onEpoch: progress.onEpoch,
        onNotice: (notice) => void process.stderr.write(`${notice}\n`),
      });
      progress.stop();
      if (interrupted) {
        process.stderr.write(`saved; continue with: normwise train --resume --out ${given.out}\n`);
        process.exitCode = 130;
        return;
      }
      const accuracy = epochs.at(-1)?.validationAccuracy;
      process.stdout.write(
        `${given.out}: ${accuracy === undefined ? "" : `validation accuracy ${accuracy.toFixed(2)}%, `}model.onnx written\n`,
      );
    } finally {
      progress.stop();
      interruption.release();
    }
  },
});

/** A resumed run has its own configuration; options beside it must agree with it. */
async function resumedConfig(given: Readonly<Record<string, unknown>>, rawArgs: readonly string[]): Promise<RunConfig> {
  const held = readRunConfig(String(given.out));
  const { config: _, resume: __, out: ___, ...options } = given;
  const named = Object.keys(options).some((name) => name !== "_" && options[name] !== undefined);
  if (!named && given.config === undefined) return held;
  return runConfigFrom(
    { ...given, ...(given.config === undefined ? { config: `${given.out}/run.json` } : {}) },
    rawArgs,
  );
}
