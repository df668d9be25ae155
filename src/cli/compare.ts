import { basename, resolve } from "node:path";
import { defineCommand } from "citty";
import { assertArgument } from "../core/index.js";
import { decayOf, reportRun } from "../experiments/node/index.js";
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
    const once = new Set(given._.map((folder) => resolve(folder))).size === given._.length;
    assertArgument(once, "compare", "each run once", given._.join(" "));
    const runs = given._.map((folder) => comparedRun(folder, labelOf(folder, given._)));
    const command = `normwise compare ${given._.join(" ")}`;
    const comparison = { runs, stepsPerEpoch: runs[0]!.stepsPerEpoch, command };
    process.stdout.write(`${resultTable(comparisonReport(comparison))}\n`);
    if (given.html === undefined) return;
    await writeFileAtomic(given.html, renderComparison(comparison, readReportAssets()));
    process.stdout.write(`\npage: ${given.html}\n`);
  },
});

function comparedRun(folder: string, label: string) {
  const config = readRunConfig(folder);
  const { progress, result } = readRunResult(folder);
  const epochs = epochRecords(readRun(folder));
  const stepsPerEpoch = epochs[0]?.step;
  assertArgument(stepsPerEpoch !== undefined, "compare", "runs with at least one finished epoch", folder);
  const run = { name: folder, label, description: describe(config), config };
  const cappedChannels = progress?.cappedChannels ?? 0;
  const finished = { run, seed: config.seed, epochs, cappedChannels, ...result };
  return { ...reportRun(finished, folder), stepsPerEpoch };
}

/** A folder's last part, where that tells it from the others. */
function labelOf(folder: string, folders: readonly string[]): string {
  const label = basename(folder);
  return folders.filter((other) => basename(other) === label).length === 1 ? label : folder;
}

function describe(config: ReturnType<typeof readRunConfig>): string {
  const { model, width, epochs, learningRate, schedule, control, seed } = config;
  return `${model}, width ${width}, ${epochs} epochs, η ${learningRate} ${schedule}, λ ${decayOf(config)}, control ${control.kind}, seed ${seed}`;
}
