import { basename } from "node:path";
import { defineCommand } from "citty";
import { traceArrow, traceParquet } from "../foreign/files/index.js";
import { traceCsv, traceRows } from "../foreign/index.js";
import { writeFileAtomic } from "../io/files/index.js";
import { readReportAssets } from "../report/files/index.js";
import { renderTrace } from "../report/index.js";
import { traceOptions } from "./trace-arguments.js";
import { type Traced, traceOf } from "./trace-source.js";
import { findingsOf, tracedLayer, traceTable, traceText } from "./trace-text.js";
import { rejectUnknownOptions } from "./unknown-options.js";

/** `normwise trace`. */
export const traceCommand = defineCommand({
  meta: {
    name: "trace",
    description: "Norms, effective rates and rotations over a series of checkpoints of any training.",
  },
  args: traceOptions,
  async run({ args }) {
    rejectUnknownOptions("trace", traceOptions, args);
    const traced = await traceOf(args._, args);
    const rows = traceRows(traced.traces);
    const { csv, arrow, parquet, html } = args;
    if (csv !== undefined) await writeFileAtomic(csv, traceCsv(rows));
    if (arrow !== undefined) await writeFileAtomic(arrow, traceArrow(rows));
    if (parquet !== undefined) await writeFileAtomic(parquet, traceParquet(rows));
    if (html !== undefined) await writeFileAtomic(html, pageOf(traced, args._));
    process.stdout.write(args.json ? `${JSON.stringify(jsonOf(traced))}\n` : traceText(traced));
  },
});

/** What `--json` prints; numbers that JSON lacks are null. */
function jsonOf(traced: Traced): object {
  const { optimizer, weightDecay, momentum } = traced.numbers;
  return { optimizer, weightDecay, momentum, weights: traced.traces, findings: findingsOf(traced) };
}

function pageOf(traced: Traced, paths: readonly string[]): string {
  const { numbers, traces, stepsPerEpoch } = traced;
  const [first, last] = [traces[0]!.points[0]!.step, traces[0]!.points.at(-1)!.step];
  return renderTrace(
    {
      title: "Norms and rotations of a training",
      subtitle: `${traces.length} weights, ${traces[0]!.points.length} moments from step ${first} to ${last}`,
      findings: findingsOf(traced),
      settings: [
        ["optimizer", numbers.optimizer],
        ["weight decay λ", String(numbers.weightDecay)],
        [numbers.optimizer === "adamw" ? "β₁" : "momentum μ", String(numbers.momentum)],
        ["learning rate η", `${numbers.rateAt(first)} at step ${first}, ${numbers.rateAt(last)} at step ${last}`],
      ],
      table: traceTable(traces),
      command: `normwise trace ${paths.length > 4 ? `${paths.slice(0, 2).join(" ")} … ${basename(paths.at(-1)!)}` : paths.join(" ")}`,
      ...(stepsPerEpoch === undefined ? {} : { stepsPerEpoch }),
      layers: traces.map(tracedLayer),
    },
    readReportAssets(),
  );
}
