import { assertArgument } from "../core/index.js";

/** A moment of a run, counted from its start: a number of steps, or of epochs (`"20e"`, `"2.5e"`). */
export type Position = number | `${number}e`;

/**
 * A learning-rate schedule: what the base rate is multiplied by at each step. Plain data; the functions that make one
 * ({@link constantRate}, {@link stepDecay}, …) check it, and {@link describeSchedule} writes it as text.
 */
export type Schedule =
  | { readonly kind: "constant" }
  | { readonly kind: "steps"; readonly at: readonly Position[]; readonly factor: number }
  | { readonly kind: "cosine"; readonly floor: number }
  | { readonly kind: "polynomial"; readonly power: number; readonly floor: number }
  | { readonly kind: "inverse-sqrt"; readonly warmup: Position }
  | { readonly kind: "list"; readonly factors: readonly number[]; readonly per: "step" | "epoch" }
  | { readonly kind: "warmup"; readonly length: Position; readonly from: number; readonly schedule: Schedule };

/** The base rate throughout. */
export function constantRate(): Schedule {
  return { kind: "constant" };
}

/** The rate is multiplied by `factor` (0.1 by default) at each of the positions, which must increase. */
export function stepDecay(at: readonly Position[], factor = 0.1): Schedule {
  assertArgument(at.length > 0, "stepDecay", "at least one position", at.length);
  for (const position of at) assertPosition("stepDecay", position);
  assertFactor("stepDecay", "a factor", factor);
  return { kind: "steps", at: [...at], factor };
}

/** Half a cosine from 1 to `floor` (0 by default), reached one step after the last: floor + (1 − floor)(1 + cos πs)/2, s = t/steps. */
export function cosineDecay(floor = 0): Schedule {
  assertFactor("cosineDecay", "a floor", floor);
  return { kind: "cosine", floor };
}

/** A straight line from 1 to `floor` (0 by default), reached one step after the last. */
export function linearDecay(floor = 0): Schedule {
  return polynomialDecay(1, floor);
}

/** floor + (1 − floor)(1 − t/steps)^power. */
export function polynomialDecay(power: number, floor = 0): Schedule {
  assertArgument(power > 0 && power < Infinity, "polynomialDecay", "a power > 0", power);
  assertFactor("polynomialDecay", "a floor", floor);
  return { kind: "polynomial", power, floor };
}

/**
 * min(t/T, √(T/t)) in step t, counted from 1, T being the length of the warm-up: the schedule of the Transformer (Vaswani et
 * al. 2017, equation 3) but for a constant factor, so that the base rate is its peak, which the step T has.
 */
export function inverseSqrt(warmup: Position): Schedule {
  assertPosition("inverseSqrt", warmup);
  return { kind: "inverse-sqrt", warmup };
}

/** The multiplier of each step, or of each epoch. A run may be shorter than the list, not longer. */
export function listedRates(factors: ArrayLike<number>, per: "step" | "epoch" = "step"): Schedule {
  assertArgument(factors.length > 0, "listedRates", "at least one factor", factors.length);
  const list = Array.from(factors);
  for (const factor of list) assertFactor("listedRates", "a factor", factor);
  return { kind: "list", factors: list, per };
}

/**
 * A straight line from `from` (0 by default) times to once the rate of the schedule that follows, over `length`. Positions
 * of that schedule still count from the start of the run; a cosine, linear or polynomial course begins where the warm-up ends.
 */
export function warmup(length: Position, schedule: Schedule = constantRate(), from = 0): Schedule {
  assertPosition("warmup", length);
  assertFactor("warmup", "from", from);
  assertArgument(schedule.kind !== "warmup", "warmup", "one warm-up", "two", "leave one out");
  return { kind: "warmup", length, from, schedule };
}

/**
 * What the base rate is multiplied by at each step.
 *
 * @param totalSteps Steps of the whole run.
 * @param stepsPerEpoch Needed where a position counts epochs; a position between two steps goes to the nearer one.
 * @throws InvalidArgumentError if the steps are not positive integers, an epoch's length is needed and missing, positions
 * do not increase, or a list is too short.
 */
export function scheduleFactors(schedule: Schedule, totalSteps: number, stepsPerEpoch?: number): Float64Array {
  const where = "schedule";
  assertArgument(
    Number.isInteger(totalSteps) && totalSteps > 0,
    where,
    "a positive integer number of steps",
    totalSteps,
  );
  if (stepsPerEpoch !== undefined) {
    assertArgument(
      stepsPerEpoch > 0 && stepsPerEpoch < Infinity,
      where,
      "a positive number of steps per epoch",
      stepsPerEpoch,
    );
  }
  const factorAt = courseOf(schedule, totalSteps, stepsPerEpoch, 0);
  return Float64Array.from({ length: totalSteps }, (_, step) => factorAt(step));
}

/** The learning rate of each step: `baseRate` times {@link scheduleFactors}. Throws also if the base rate is negative. */
export function scheduleRates(
  schedule: Schedule,
  baseRate: number,
  totalSteps: number,
  stepsPerEpoch?: number,
): Float64Array {
  assertArgument(baseRate >= 0 && baseRate < Infinity, "schedule", "a learning rate ≥ 0", baseRate);
  return scheduleFactors(schedule, totalSteps, stepsPerEpoch).map((factor) => baseRate * factor);
}

/** The step that a position stands for. Throws an InvalidArgumentError if it counts epochs and their length is unknown. */
export function stepOf(position: Position, stepsPerEpoch?: number): number {
  if (typeof position === "number") return position;
  assertArgument(
    stepsPerEpoch !== undefined,
    "schedule",
    "the number of steps per epoch, as a position counts epochs",
    position,
    "give it, or count in steps",
  );
  return Math.round(Number.parseFloat(position) * stepsPerEpoch);
}

/** The multiplier as a function of the step. Courses that span the run begin at `start`. */
function courseOf(
  schedule: Schedule,
  totalSteps: number,
  stepsPerEpoch: number | undefined,
  start: number,
): (step: number) => number {
  // From 0 at the start to 1 one step after the last.
  const progress = (step: number): number => Math.max(0, (step - start) / (totalSteps - start));
  switch (schedule.kind) {
    case "constant":
      return () => 1;
    case "steps": {
      const at = schedule.at.map((position) => stepOf(position, stepsPerEpoch));
      const rising = at.every((step, i) => i === 0 || step > at[i - 1]!);
      assertArgument(rising, "schedule", "positions that increase", schedule.at.join(","));
      return (step) => schedule.factor ** at.filter((from) => step >= from).length;
    }
    case "cosine":
      return (step) => schedule.floor + ((1 - schedule.floor) * (1 + Math.cos(Math.PI * progress(step)))) / 2;
    case "polynomial":
      return (step) => schedule.floor + (1 - schedule.floor) * (1 - progress(step)) ** schedule.power;
    case "inverse-sqrt": {
      const length = stepOf(schedule.warmup, stepsPerEpoch);
      assertArgument(length >= 1, "schedule", "a warm-up of at least a step", schedule.warmup);
      return (step) => Math.min((step + 1) / length, Math.sqrt(length / (step + 1)));
    }
    case "list": {
      const stride = schedule.per === "step" ? 1 : stepOf("1e", stepsPerEpoch);
      const needed = Math.ceil(totalSteps / stride);
      const { length } = schedule.factors;
      assertArgument(length >= needed, "schedule", `a list of ${needed} factors, one per ${schedule.per}`, length);
      return (step) => schedule.factors[Math.floor(step / stride)]!;
    }
    case "warmup": {
      const end = stepOf(schedule.length, stepsPerEpoch);
      assertArgument(end < totalSteps, "schedule", `a warm-up shorter than the run (${totalSteps} steps)`, end);
      const after = courseOf(schedule.schedule, totalSteps, stepsPerEpoch, end);
      const ramp = (step: number): number => schedule.from + (1 - schedule.from) * Math.min(1, step / end);
      return (step) => (step < end ? ramp(step) : 1) * after(step);
    }
  }
}

function assertPosition(where: string, position: Position): void {
  const epochs = typeof position === "string";
  const value = epochs ? Number(position.slice(0, -1)) : position;
  const valid = value > 0 && value < Infinity && (epochs ? position.endsWith("e") : Number.isInteger(value));
  assertArgument(valid, where, "positions like 7820 (steps) or 20e (epochs)", position);
}

function assertFactor(where: string, name: string, factor: number): void {
  assertArgument(factor >= 0 && factor < Infinity, where, `${name} ≥ 0`, factor);
}
