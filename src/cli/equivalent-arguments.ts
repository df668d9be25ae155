import { assertArgument } from "../core/index.js";
import {
  decaysForRates,
  normsForRates,
  type PerStep,
  type TranslatedSchedule,
  translateSchedule,
} from "../dynamics/index.js";
import { parseSchedule, scheduleRates } from "../optim/index.js";
import { type Course, courseOf } from "./equivalent-course.js";
import { defaultRescaleBelow, type EquivalentArguments } from "./equivalent-options.js";
import { isBelowOne, isNonNegative, isPositive, numberOption } from "./number-options.js";

/** A schedule, what it was translated from, and the translation. */
export interface Equivalent extends Course {
  readonly weightDecay: PerStep;
  readonly toWeightDecay: PerStep;
  readonly rescaleBelow: number;
  /** How the wanted rates were reached, where rates were given (`--to-lr`) and not a decay. */
  readonly by?: "decay" | "norms";
  readonly translated: TranslatedSchedule;
}

/**
 * Reads the arguments and translates.
 *
 * @throws InvalidArgumentError naming the argument that is wrong, or the step and the limit where no such schedule exists.
 */
export function translateArguments(args: EquivalentArguments): Equivalent {
  const { weightDecay, ...course } = courseOf(args);
  const missing = "nothing that says it";
  assertArgument(weightDecay !== undefined, "--weight-decay", "the decay to translate from", missing);
  const below = args["rescale-below"] ?? defaultRescaleBelow;
  const rescaleBelow = numberOption("rescale-below", below, "a ratio in [0, 1)", isBelowOne);
  const toDecay = args["to-weight-decay"];
  if (args["to-lr"] === undefined) {
    for (const name of ["to-schedule", "by"] as const) {
      assertArgument(args[name] === undefined, `--${name}`, "--to-lr beside it", "none");
    }
    const toWeightDecay = numberOption("to-weight-decay", toDecay ?? "0", "a decay ≥ 0", isNonNegative);
    const translated = translateSchedule({ ...course, weightDecay, toWeightDecay, rescaleBelow });
    return { ...course, weightDecay, toWeightDecay, rescaleBelow, translated };
  }
  assertArgument(toDecay === undefined, "--to-weight-decay", "no --to-lr beside it, which finds the decays", toDecay);
  const wanted = wantedRates(args, course);
  const by = args.by ?? "decay";
  assertArgument(by === "decay" || by === "norms", "--by", "decay or norms", by);
  const options = { ...course, weightDecay, toRates: wanted };
  if (by === "norms") {
    return { ...course, weightDecay, toWeightDecay: 0, rescaleBelow, by, translated: normsForRates(options) };
  }
  const { toWeightDecay, ...translated } = decaysForRates(options);
  return { ...course, weightDecay, toWeightDecay, rescaleBelow, by, translated };
}

/** The rates of `--to-lr` and `--to-schedule`; 0 where the original rate is 0, as no step stands for none. */
function wantedRates(args: EquivalentArguments, { rates, steps, stepsPerEpoch }: Omit<Course, "weightDecay">) {
  const base = numberOption("to-lr", args["to-lr"], "a rate > 0", isPositive);
  const schedule = parseSchedule(args["to-schedule"] ?? "constant");
  const wanted = scheduleRates(schedule, base, steps, stepsPerEpoch);
  return schedule.kind === "constant" ? wanted.map((rate, step) => (rates[step] === 0 ? 0 : rate)) : wanted;
}
