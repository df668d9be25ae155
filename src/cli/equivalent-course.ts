import { readFileSync } from "node:fs";
import { assertArgument, DataError, expectation } from "../core/index.js";
import { type OptimizerKind, type PerStep, unrescaled } from "../dynamics/index.js";
import {
  describeSchedule,
  listedRates,
  parseSchedule,
  parseScheduleFile,
  type Schedule,
  scheduleRates,
} from "../optim/index.js";
import type { EquivalentArguments } from "./equivalent-options.js";
import { runArguments } from "./equivalent-run.js";
import { isNonNegative, isPositive, numberOption, optionalCount, optionalNumber } from "./number-options.js";
import { momentumOf, optimizerOf, weightDecayOf } from "./optimizer-options.js";

/** The run to be translated, from its options. */
export interface Course {
  readonly schedule: Schedule;
  /** The schedule as it was named: its text, or its file. */
  readonly scheduleName: string;
  readonly baseRate: number;
  readonly steps: number;
  readonly stepsPerEpoch: number | undefined;
  readonly rates: Float64Array;
  readonly optimizer: OptimizerKind;
  readonly momentum: number;
  /** Absent where nothing says it. */
  readonly weightDecay?: PerStep;
}

/**
 * Reads the options that describe the run, and the file or the run folder that they name.
 * @throws InvalidArgumentError or DataError naming the option, or the file and its line, that is wrong.
 */
export function courseOf(given: EquivalentArguments): Course {
  const args = given["from-run"] === undefined ? given : { ...runArguments(given["from-run"]), ...present(given) };
  const common = { optimizer: optimizerOf(args), momentum: momentumOf(args) };
  return { ...common, ...(args["schedule-file"] === undefined ? named(args) : listed(args, common.optimizer)) };
}

function named(args: EquivalentArguments): Omit<Course, "optimizer" | "momentum"> {
  assertArgument(args.lr !== undefined, "equivalent", "--lr, --schedule-file or --from-run", "none of them");
  const baseRate = numberOption("lr", args.lr, "a rate ≥ 0", isNonNegative);
  const weightDecay = weightDecayOf(args);
  const { steps, stepsPerEpoch } = lengthOf(args);
  assertArgument(steps !== undefined, "equivalent", "--steps, or --epochs with --steps-per-epoch", "neither");
  const schedule = parseSchedule(args.schedule ?? "constant");
  const rates = scheduleRates(schedule, baseRate, steps, stepsPerEpoch);
  const known = weightDecay === undefined ? {} : { weightDecay };
  return { schedule, scheduleName: describeSchedule(schedule), baseRate, steps, stepsPerEpoch, rates, ...known };
}

/** The rates of a file, as if its run had not been rescaled. */
function listed(args: EquivalentArguments, optimizer: OptimizerKind): Omit<Course, "optimizer" | "momentum"> {
  const path = args["schedule-file"]!;
  for (const name of ["lr", "schedule"] as const) {
    assertArgument(args[name] === undefined, "--schedule-file", `no --${name}, as the file has the rates`, args[name]);
  }
  const file = parseScheduleFile(readText(path), path);
  const said = weightDecayOf(args) ?? file.weightDecay;
  const whole = unrescaled({ ...file, learningRate: file.rates, weightDecay: said ?? 0 }, optimizer);
  const length = lengthOf(args);
  const steps = length.steps ?? whole.rates.length;
  const enough = steps <= whole.rates.length;
  assertArgument(enough, "--steps", `at most the ${whole.rates.length} steps of ${path}`, steps);
  const rates = whole.rates.slice(0, steps);
  const perStep = typeof said === "object" || file.rescaleEvents.some(({ step }) => step < steps);
  const weightDecay = perStep && said !== 0 ? whole.weightDecay.slice(0, steps) : said;
  const known = weightDecay === undefined ? {} : { weightDecay };
  const { stepsPerEpoch } = length;
  return { schedule: listedRates(rates), scheduleName: path, baseRate: 1, steps, stepsPerEpoch, rates, ...known };
}

/** Steps and steps per epoch out of any two of the three options; steps alone will do without epochs. */
export function lengthOf(args: EquivalentArguments): { steps: number | undefined; stepsPerEpoch: number | undefined } {
  const steps = optionalCount(args, "steps");
  const perEpoch = optionalCount(args, "steps-per-epoch");
  const epochs = optionalNumber(args, "epochs", "a positive number", isPositive);
  const all = steps ?? (perEpoch !== undefined && epochs !== undefined ? Math.round(perEpoch * epochs) : undefined);
  assertArgument(all !== 0, "equivalent", "at least one step", "none", "give more --epochs");
  const agree =
    steps === undefined || perEpoch === undefined || epochs === undefined || steps === Math.round(perEpoch * epochs);
  assertArgument(agree, "equivalent", `--steps to be --epochs × --steps-per-epoch`, steps, "give two of the three");
  const derived = epochs === undefined || all === undefined ? undefined : all / epochs;
  return { steps: all, stepsPerEpoch: perEpoch ?? derived };
}

/** A file's text. Throws a DataError if it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new DataError(expectation(path, "a readable file", (cause as Error).message), { cause });
  }
}

/** The options that were given: an absent one does not hide what a run folder says. */
function present(args: EquivalentArguments): EquivalentArguments {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}
