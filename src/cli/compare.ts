import { basename } from "node:path";
import { defineCommand } from "citty";
import { assertArgument } from "../core/index.js";
import { reportRun } from "../experiments/node/index.js";
import { readRun, writeFileAtomic } from "../io/files/index.js";
import { readReportAssets } from "../report/files/index.js";
import { comparisonReport, renderComparison, resultTable } from "../report/index.js";
import { epochRecords, readRunConfig, readRunResult } from "../train/node/index.js";
import { rejectUnknownOptions } from "./unknown-options.js";

const args = {
  runs: { type: "positional", description: "run folders; the first is the reference", required: true },
  html: { type: "string", description: "also write a page to this file" },
} as const;

/** `normwise compare`. */
export const compareCommand = defineCommand({
  meta: { name: "compare", description: "Compare runs: a table, and a page with --html." },
  args,
  async run({ args: given }) {
    rejectUnknownOptions("compare", args, given);
    const runs = given._.map((folder) => {
      const config = readRunConfig(folder);
      const run = { name: folder, label: basename(folder), description: describe(config), config };
      const { progress, result } = readRunResult(folder);
      const finished = {
        run,
        seed: config.seed,
        epochs: epochRecords(readRun(folder)),
        cappedChannels: progress.cappedChannels,
      };
      return reportRun({ ...finished, ...(result ? { testAccuracy: result.testAccuracy } : {}) }, folder);
    });
    const stepsPerEpoch = epochRecords(readRun(given._[0]!))[0]?.step;
    assertArgument(stepsPerEpoch !== undefined, "compare", "runs with at least one finished epoch", given._[0]);
    const comparison = { runs, stepsPerEpoch, command: `normwise compare ${given._.join(" ")}` };
    process.stdout.write(`${resultTable(comparisonReport(comparison))}\n`);
    if (given.html === undefined) return;
    await writeFileAtomic(given.html, renderComparison(comparison, readReportAssets()));
    process.stdout.write(`\npage: ${given.html}\n`);
  },
});

function describe(config: ReturnType<typeof readRunConfig>): string {
  const { model, width, epochs, learningRate, schedule, weightDecay, control, seed } = config;
  return `${model}, width ${width}, ${epochs} epochs, η ${learningRate} ${schedule}, λ ${weightDecay}, control ${control.kind}, seed ${seed}`;
}
