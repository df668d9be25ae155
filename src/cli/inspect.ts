import { basename } from "node:path";
import { defineCommand } from "citty";
import { assertArgument } from "../core/index.js";
import { guessInspection, type Inspection, inspectGraph, invarianceOf, type Verification } from "../foreign/index.js";
import type { InspectionReport } from "../report/inspection-report.js";
import { inspectionTable } from "../report/inspection-table.js"; // not the room's index: a table needs no charts
import type { LoweringOption } from "../runtime/lowering-option.js";
import { inputShapesFrom, inspectOptions, lengthFrom, optimizerFrom } from "./inspect-options.js";
import { type InspectSource, openInspectSource } from "./inspect-source.js";
import { loweringFrom } from "./lowering-option.js";
import { type Given, optionalCount, optionalNumber } from "./number-options.js";
import { rejectUnknownOptions } from "./unknown-options.js";

/** `normwise inspect`. */
export const inspectCommand = defineCommand({
  meta: {
    name: "inspect",
    description: "Find which weights of a model are scale-invariant, and what follows for its training",
  },
  args: inspectOptions,
  async run({ args, rawArgs }) {
    rejectUnknownOptions("inspect", inspectOptions, args, 1);
    const given: Given = { ...args };
    const shapes = inputShapesFrom(rawArgs);
    const typed = { optimizer: optimizerFrom(given), ...lengthFrom(given) };
    const seed = optionalNumber(given, "seed", "an integer", Number.isInteger) ?? 1;
    const threads = optionalCount(given, "threads") ?? 2;
    const lowering = loweringFrom(args.lowering ?? "auto");
    const inert = args.verify ? undefined : ["seed", "threads", "lowering"].find((name) => given[name] !== undefined);
    assertArgument(inert === undefined, `--${inert}`, "--verify beside it", "none");
    assertArgument(args.html !== "", "--html", "a file", "nothing");

    const source = await openInspectSource(args.model, args.graph);
    const optimizer = typed.optimizer ?? source.optimizer;
    const steps = typed.steps ?? source.steps;
    const stepsPerEpoch = typed.stepsPerEpoch ?? source.stepsPerEpoch;
    const options = { ...(optimizer ? { optimizer } : {}), ...(steps === undefined ? {} : { steps }) };
    const { inspection, verification } = await inspected(
      source,
      options,
      shapes,
      args.verify ? { seed, threads, lowering } : undefined,
    );

    const report: InspectionReport = {
      ...withVerdicts(inspection, verification),
      title: basename(args.model),
      ...(stepsPerEpoch === undefined ? {} : { stepsPerEpoch }),
    };
    if (args.json) process.stdout.write(`${JSON.stringify({ ...report, ...verifiedAs(verification) })}\n`);
    else process.stdout.write(`${inspectionTable(report, terminal(args))}\n${verificationText(verification)}`);
    if (args.html !== undefined) await writePage(args.html, report);
    if (verification?.weights.some(({ agrees }) => !agrees)) process.exitCode = 1;
  },
});

interface Inspected {
  readonly inspection: Inspection;
  readonly verification?: Verification;
}

async function inspected(
  { build, tensors, notes }: InspectSource,
  options: Parameters<typeof inspectGraph>[2],
  given: Readonly<Record<string, readonly number[]>>,
  verify?: { readonly seed: number; readonly threads: number; readonly lowering: LoweringOption },
): Promise<Inspected> {
  if (build === undefined) {
    assertArgument(
      verify === undefined,
      "--verify",
      "a model with a graph",
      "weights alone",
      "give --graph model.onnx",
    );
    assertArgument(Object.keys(given).length === 0, "--input-shape", "a model with a graph", "weights alone");
    return { inspection: guessInspection(tensors ?? {}, options) };
  }
  const model = build({ given });
  const found = invarianceOf(model);
  const inspection = inspectGraph(model, found, options);
  const noted = { ...inspection, notes: [...inspection.notes, ...notes] };
  if (verify === undefined) return { inspection: noted };
  const unfollowed = model.unknown.map(({ operator }) => operator).join(", ");
  assertArgument(
    unfollowed === "",
    "--verify",
    "a model whose operators are all known",
    unfollowed,
    "it cannot be run without them",
  );
  // Loaded here, since the table alone needs no runtime.
  const { openRuntime } = await import("./open-runtime.js");
  const { verifyInvariance } = await import("../foreign/index.js");
  const runtime = await openRuntime(verify);
  try {
    const small = build({ given, unknown: "error", batch: 4, imageSize: 64 });
    const onWeight = process.stderr.isTTY
      ? (name: string, index: number, count: number) => {
          process.stderr.write(`\r\x1b[Kverifying ${index + 1}/${count} ${name}`);
        }
      : undefined;
    const verification = await verifyInvariance(small, found, runtime, {
      seed: verify.seed,
      ...(onWeight ? { onWeight } : {}),
    });
    if (onWeight) process.stderr.write("\r\x1b[K");
    return { inspection: noted, verification };
  } finally {
    await runtime.close();
  }
}

/** Puts what the numbers say of a weight beside what the analysis says. */
function withVerdicts(inspection: Inspection, verification?: Verification): Inspection {
  if (verification === undefined) return inspection;
  const verdicts = new Map(verification.weights.map(({ name, claimed: _, ...verdict }) => [name, verdict]));
  const weights = inspection.weights.map((weight) => {
    const verified = verdicts.get(weight.name);
    return verified ? { ...weight, verified } : weight;
  });
  return { ...inspection, weights };
}

function verifiedAs(verification?: Verification): object {
  if (verification === undefined) return {};
  const { weights, ...how } = verification;
  return { verification: { ...how, disagreements: weights.filter(({ agrees }) => !agrees).length } };
}

function verificationText(verification?: Verification): string {
  if (verification === undefined) return "";
  const { weights, tolerance, runtime, inputs } = verification;
  const agreeing = weights.filter(({ agrees }) => agrees).length;
  const shapes = Object.entries(inputs).map(([name, shape]) => `${name} [${shape.join(", ")}]`);
  return (
    `\nverified on random ${shapes.join(", ")} by ${runtime}: ${agreeing} of ${weights.length} weights agree ` +
    `(a relative change of the outputs up to ${tolerance.toExponential(1)} is rounding)\n`
  );
}

function terminal({ all, why }: { readonly all?: boolean | undefined; readonly why?: boolean | undefined }) {
  const { isTTY, columns } = process.stdout;
  const colour = isTTY === true && process.env.NO_COLOR === undefined;
  return { all: all === true, why: why === true, colour, width: isTTY ? (columns ?? 100) : 120 };
}

async function writePage(path: string, report: InspectionReport): Promise<void> {
  const { renderInspection } = await import("../report/inspection-page.js");
  const { readReportAssets } = await import("../report/files/index.js");
  const { writeFileAtomic } = await import("../io/files/atomic.js");
  await writeFileAtomic(path, renderInspection(report, readReportAssets()));
  process.stderr.write(`page: ${path}\n`);
}
