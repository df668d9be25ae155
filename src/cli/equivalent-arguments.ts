import { assertArgument } from "../core/index.js";
import { type OptimizerKind, optimizerTraits, type TranslatedSchedule, translateSchedule } from "../dynamics/index.js";
import { parseSchedule, type Schedule, scheduleRates } from "../optim/index.js";

/** Where rescaling sets in: rates 2⁸⁰ times as large, and squares of weights, are still within float32's range. */
export const defaultRescaleBelow = String(2 ** -40);

/** The options of `normwise equivalent`, as typed; those with a default may be absent. */
export interface EquivalentArguments {
  readonly lr: string;
  readonly "weight-decay": string;
  readonly "to-weight-decay"?: string | undefined;
  readonly momentum?: string | undefined;
  readonly steps?: string | undefined;
  readonly "steps-per-epoch"?: string | undefined;
  readonly epochs?: string | undefined;
  readonly schedule?: string | undefined;
  readonly optimizer?: string | undefined;
  readonly format?: string | undefined;
  readonly "rescale-below"?: string | undefined;
}

/** A schedule, what it was translated from, and the translation. */
export interface Equivalent {
  readonly schedule: Schedule;
  readonly baseRate: number;
  readonly steps: number;
  readonly stepsPerEpoch: number | undefined;
  readonly rates: Float64Array;
  readonly optimizer: OptimizerKind;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly toWeightDecay: number;
  readonly rescaleBelow: number;
  readonly translated: TranslatedSchedule;
}

/**
 * Reads the arguments and translates.
 *
 * @throws InvalidArgumentError naming the argument that is wrong, or the step and the limit where no such schedule exists.
 */
export function translateArguments(args: EquivalentArguments): Equivalent {
  const baseRate = numberArgument("--lr", args.lr, "a rate ≥ 0", (value) => value >= 0);
  const weightDecay = numberArgument("--weight-decay", args["weight-decay"], "a decay ≥ 0", (value) => value >= 0);
  const toWeightDecay = numberArgument(
    "--to-weight-decay",
    args["to-weight-decay"] ?? "0",
    "a decay ≥ 0",
    (value) => value >= 0,
  );
  const momentum = numberArgument(
    "--momentum",
    args.momentum ?? "0.9",
    "a momentum in [0, 1)",
    (value) => value >= 0 && value < 1,
  );
  const rescaleBelow = numberArgument(
    "--rescale-below",
    args["rescale-below"] ?? defaultRescaleBelow,
    "a ratio in [0, 1)",
    (value) => value >= 0 && value < 1,
  );
  const optimizer = args.optimizer ?? "sgd";
  const kinds = Object.keys(optimizerTraits).join(", ");
  assertArgument(isOptimizerKind(optimizer), "--optimizer", `one of ${kinds}`, optimizer);
  const { steps, stepsPerEpoch } = lengthOf(args);
  const schedule = parseSchedule(args.schedule ?? "constant");
  const rates = scheduleRates(schedule, baseRate, steps, stepsPerEpoch);
  const translated = translateSchedule({ rates, weightDecay, toWeightDecay, momentum, optimizer, rescaleBelow });
  return {
    schedule,
    baseRate,
    steps,
    stepsPerEpoch,
    rates,
    optimizer,
    momentum,
    weightDecay,
    toWeightDecay,
    rescaleBelow,
    translated,
  };
}

/** Steps and steps per epoch out of any two of the three arguments; steps alone will do without epochs. */
function lengthOf(args: EquivalentArguments): { steps: number; stepsPerEpoch: number | undefined } {
  const given = (name: "steps" | "steps-per-epoch" | "epochs", whole: boolean): number | undefined => {
    const text = args[name];
    const positive = (value: number): boolean => value > 0 && (!whole || Number.isInteger(value));
    return text === undefined
      ? undefined
      : numberArgument(`--${name}`, text, whole ? "a positive integer" : "a positive number", positive);
  };
  const [steps, perEpoch, epochs] = [given("steps", true), given("steps-per-epoch", true), given("epochs", false)];
  const all = steps ?? (perEpoch !== undefined && epochs !== undefined ? Math.round(perEpoch * epochs) : undefined);
  assertArgument(all !== undefined && all > 0, "equivalent", "--steps, or --epochs with --steps-per-epoch", "neither");
  const agree =
    steps === undefined || perEpoch === undefined || epochs === undefined || steps === Math.round(perEpoch * epochs);
  assertArgument(agree, "equivalent", `--steps to be --epochs × --steps-per-epoch`, steps, "give two of the three");
  return { steps: all, stepsPerEpoch: perEpoch ?? (epochs === undefined ? undefined : all / epochs) };
}

function numberArgument(name: string, text: string, expected: string, holds: (value: number) => boolean): number {
  const value = Number(text);
  assertArgument(text.trim() !== "" && Number.isFinite(value) && holds(value), name, expected, text || "nothing");
  return value;
}

function isOptimizerKind(text: string): text is OptimizerKind {
  return Object.hasOwn(optimizerTraits, text);
}
