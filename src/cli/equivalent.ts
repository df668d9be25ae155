import { defineCommand } from "citty";
import { assertArgument } from "../core/index.js";
import { writeFileAtomic } from "../io/files/index.js";
import { readReportAssets } from "../report/files/index.js";
import { type EquivalencePage, renderEquivalence } from "../report/index.js";
import { type Equivalent, translateArguments } from "./equivalent-arguments.js";
import { chartsOf, estimateCharts, pageOf, plotText } from "./equivalent-charts.js";
import { describeSimulation, formatEquivalent, simulate } from "./equivalent-format.js";
import { describeEstimate, estimateFromNorms, formatEstimate } from "./equivalent-norms.js";
import { type EquivalentArguments, equivalentOptions } from "./equivalent-options.js";
import { batchTable, formatTable, sweepTable } from "./equivalent-tables.js";
import { rejectUnknownOptions } from "./unknown-options.js";

/** The command `normwise equivalent`: the schedule goes to stdout, what is to be known about it to stderr. */
export const equivalentCommand = defineCommand({
  meta: {
    name: "equivalent",
    description: "Translate a learning-rate schedule with weight decay to the equivalent one without, or with another",
  },
  args: equivalentOptions,
  async run({ args, rawArgs }) {
    rejectUnknownOptions("equivalent", equivalentOptions, args, 0);
    const { stdout, stderr, page } = answer(args, rawArgs);
    if (page !== undefined) await writeFileAtomic(args.html!, renderEquivalence(page, readReportAssets()));
    process.stdout.write(stdout);
    if (stderr !== "") process.stderr.write(stderr);
  },
});

/** What the command has to say, and the page that `--html` asks for. */
export interface EquivalentAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly page?: EquivalencePage;
}

/**
 * Does what the options ask for; only the page is left to write.
 * @throws InvalidArgumentError or DataError naming the option, or the file and its line, that is wrong.
 */
export function answer(args: EquivalentArguments, rawArgs: readonly string[] = []): EquivalentAnswer {
  const asked = [
    ["--sweep-weight-decay", args["sweep-weight-decay"]],
    ["--to-batch", args["to-batch"] ?? args.batch],
    ["--norms", args.norms ?? args["norms-without"]],
  ].flatMap(([name, value]) => (value === undefined ? [] : [name]));
  assertArgument(
    asked.length < 2,
    "equivalent",
    "one of --sweep-weight-decay, --to-batch and --norms",
    asked.join(" "),
  );
  if (args["sweep-weight-decay"] !== undefined) {
    return { stdout: formatTable(sweepTable(args), args.format), stderr: "" };
  }
  if (asked[0] === "--to-batch") return { stdout: formatTable(batchTable(args), args.format), stderr: "" };
  return asked[0] === "--norms" ? estimated(args) : translated(args, rawArgs);
}

function translated(args: EquivalentArguments, rawArgs: readonly string[]): EquivalentAnswer {
  const equivalent = translateArguments(args);
  const plot = args.plot === true ? plotText(chartsOf(equivalent)) : "";
  const alone = args.plot === true && args.format === undefined;
  return {
    stdout: alone ? plot : formatEquivalent(equivalent, args.format),
    stderr: `${alone ? "" : plot}${notes(equivalent)}${args.html === undefined ? "" : `page: ${args.html}\n`}`,
    ...(args.html === undefined ? {} : { page: pageOf(equivalent, `normwise equivalent ${rawArgs.join(" ")}`) }),
  };
}

/** What is approximate, by how much, and what else has to be done. */
function notes(equivalent: Equivalent): string {
  const { exact, because, rescaleEvents } = equivalent.translated;
  const lines: string[] = [];
  if (!exact) lines.push(because, describeSimulation(simulate(equivalent)));
  const [first] = rescaleEvents;
  if (equivalent.by === "decay" && first !== undefined) {
    lines.push(
      `before the first step, divide the scale-invariant weights by ${first.factor}: from equal weights no decay fits`,
    );
  } else if (equivalent.by === undefined && first !== undefined) {
    lines.push(`the rates hold with ${rescaleEvents.length} rescaling(s) of the weights`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function estimated(args: EquivalentArguments): EquivalentAnswer {
  assertArgument(args.norms !== undefined, "--norms-without", "--norms, of the run with decay, beside it", "none");
  for (const name of ["to-lr", "to-weight-decay", "html"] as const) {
    assertArgument(args[name] === undefined, "--norms", `no --${name} beside it`, args[name]);
  }
  const estimate = estimateFromNorms(args);
  const plot = args.plot === true ? plotText(estimateCharts(estimate)) : "";
  const alone = args.plot === true && args.format === undefined;
  return {
    stdout: alone ? plot : formatEstimate(estimate, args.format),
    stderr: `${alone ? "" : plot}${describeEstimate(estimate)}\n`,
  };
}
