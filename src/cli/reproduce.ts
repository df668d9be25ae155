import { defineCommand } from "citty";
import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import {
  boundedWeightNorms,
  type Experiment,
  equilibrium,
  type FinishedRun,
  failureText,
  halfPrecision,
  metrics,
  optimizers,
  translation,
  weightDecay,
} from "../experiments/index.js";
import { runExperiment } from "../experiments/node/index.js";
import { resultTable } from "../report/index.js";
import { interruptionSignal } from "./interruption.js";
import { loweringArg, loweringFrom } from "./lowering-option.js";
import { onceEach } from "./notices.js";
import { countOption } from "./number-options.js";
import { type Progress, trainingProgress } from "./progress.js";
import { reproduceTranslation, type TranslationChoice } from "./reproduce-translation.js";
import { rejectUnknownOptions } from "./unknown-options.js";

const experiments: readonly Experiment[] = [
  weightDecay,
  metrics,
  boundedWeightNorms,
  halfPrecision,
  optimizers,
  equilibrium,
];
const known = [...experiments, translation].map(({ name }) => name).join(", ");

const args = {
  experiment: { type: "positional", description: known, required: true },
  preset: {
    type: "string",
    description: "laptop (minutes on two cores) or paper (the paper's setting)",
    default: "laptop",
  },
  data: {
    type: "string",
    description: "folder with CIFAR-10/100 (binary) or IDX files, or embedded; for translation, of Multi30k",
    default: "embedded",
  },
  seeds: { type: "string", description: "how many seeds, or a list of them such as 2,5", default: "1" },
  epochs: { type: "string", description: "epochs instead of the preset's; drops of the rate keep their proportions" },
  images: { type: "string", description: "training images instead of the preset's" },
  threads: { type: "string", description: "threads of the runtime", default: "2" },
  lowering: loweringArg,
  out: { type: "string", description: "folder of the runs and the report (runs/EXPERIMENT)" },
} as const;

/** `normwise reproduce`. */
export const reproduceCommand = defineCommand({
  meta: { name: "reproduce", description: "Run an experiment of the paper; leaves a report." },
  args,
  async run({ args: given, rawArgs }) {
    rejectUnknownOptions("reproduce", args, given, 1);
    const experiment = experiments.find(({ name }) => name === given.experiment);
    if (!experiment && given.experiment !== translation.name) {
      throw new InvalidArgumentError(expectation("normwise reproduce", `one of ${known}`, given.experiment));
    }
    const { preset } = given;
    if (preset !== "laptop" && preset !== "paper") {
      throw new InvalidArgumentError(expectation("--preset", "laptop or paper", preset));
    }
    const seeds = seedList(given.seeds);
    const out = given.out ?? `runs/${given.experiment}`;
    const command = `normwise reproduce ${rawArgs.join(" ")}`;
    const threads = countOption("threads", given.threads);
    const lowering = loweringFrom(given.lowering);
    const epochs = given.epochs === undefined ? {} : { epochs: countOption("epochs", given.epochs) };
    const interruption = interruptionSignal();
    let progress: Progress | undefined;
    try {
      if (!experiment) {
        assertArgument(given.images === undefined, "--images", "an experiment with images", translation.name);
        const choice: TranslationChoice = {
          preset,
          data: given.data,
          threads,
          lowering,
          ...epochs,
          seeds,
          out,
          command,
        };
        if (!(await reproduceTranslation(choice, interruption))) saved();
        return;
      }
      const outcome = await runExperiment(
        experiment,
        {
          preset,
          data: given.data,
          threads,
          lowering,
          ...epochs,
          ...(given.images === undefined ? {} : { images: countOption("images", given.images) }),
        },
        {
          out,
          seeds,
          command,
          signal: interruption.signal,
          onNotice: onceEach(),
          onRun({ run, seed, index, of }) {
            progress?.stop();
            progress = trainingProgress(run.config.epochs);
            process.stderr.write(`[${index + 1}/${of}] ${run.label}${seeds.length > 1 ? `, seed ${seed}` : ""}\n`);
          },
          onStep: (event) => progress?.onStep(event),
          onEpoch: (record) => progress?.onEpoch(record),
          onRunEnd: (run) => process.stderr.write(`  ${resultText(run)}\n`),
        },
      );
      if (outcome === undefined) {
        progress?.stop();
        saved();
        return;
      }
      process.stdout.write(`\n${resultTable(outcome.report)}\n\n`);
      for (const finding of outcome.report.findings) process.stdout.write(`${finding}\n`);
      process.stdout.write(`\nreport: ${outcome.reportPath}\n`);
    } finally {
      progress?.stop();
      interruption.release();
    }
  },
});

function saved(): void {
  process.stderr.write("saved; the same command continues\n");
  process.exitCode = 130;
}

function resultText({ testAccuracy, failure }: FinishedRun): string {
  if (failure) return failureText(failure);
  return `test accuracy ${testAccuracy!.toFixed(2)}%`;
}

/** `3` stands for seeds 1, 2, 3; `2,5` for these two. */
function seedList(text: string): number[] {
  if (!text.includes(",")) return Array.from({ length: countOption("seeds", text) }, (_, index) => index + 1);
  const seeds = text.split(",").map((part) => countOption("seeds", part));
  assertArgument(new Set(seeds).size === seeds.length, "--seeds", "each seed once", text);
  return seeds;
}
