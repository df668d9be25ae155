import type { PerStep } from "../dynamics/index.js";
import { describeSchedule, type Schedule, stepOf } from "../optim/index.js";
import type { Equivalent } from "./equivalent-arguments.js";

/** What a translated schedule does, as the first sentence of its Python source. */
export function purpose({ schedule, scheduleName, baseRate, weightDecay, toWeightDecay, by }: Equivalent): string {
  const list = schedule.kind === "list" && scheduleName !== describeSchedule(schedule);
  const original = `${list ? `the schedule of ${scheduleName}` : `${scheduleName} at ${baseRate}`} does with weight decay ${decayName(weightDecay)}`;
  if (by === "decay") return `Trains at given rates, with a weight decay for each step, as ${original}.`;
  if (by === "norms")
    return `Trains at given rates without weight decay, rescaling the weights before each step, as ${original}.`;
  return `Trains with weight decay ${decayName(toWeightDecay)} as ${original}.`;
}

/** A decay in a sentence. */
export function decayName(decay: PerStep): string {
  return typeof decay === "number" ? String(decay) : "of each step";
}

/** A decay as a Python number or list. */
export function pythonNumbers(value: PerStep): string {
  return typeof value === "number" ? String(value) : `[${Array.from(value).join(", ")}]`;
}

/** Python for {@link pythonNumbers} of a name, at `step`. */
export function pythonAt(name: string, value: PerStep): string {
  return typeof value === "number" ? name : `${name}[step]`;
}

/** Python for the rescalings that are no rule of their own but listed: a dictionary of factors by step. */
export function pythonEvents({ translated }: Equivalent): string {
  return `{${translated.rescaleEvents.map(({ step, factor }) => `${step}: ${factor}`).join(", ")}}`;
}

/** Python for the factor of the base rate at `step`; courses that span the run begin at \`start\`. */
export function factorExpression(schedule: Schedule, stepsPerEpoch: number | undefined, start: number): string {
  const progress = start === 0 ? "step / STEPS" : `max(0, step - ${start}) / (STEPS - ${start})`;
  const above = (floor: number, course: string): string =>
    floor === 0 ? course : `(${floor} + (1 - ${floor}) * ${course})`;
  switch (schedule.kind) {
    case "constant":
      return "1.0";
    case "steps": {
      const at = schedule.at.map((position) => stepOf(position, stepsPerEpoch));
      return `${schedule.factor} ** sum(step >= at for at in [${at.join(", ")}])`;
    }
    case "cosine":
      return above(schedule.floor, `((1 + math.cos(math.pi * ${progress})) / 2)`);
    case "polynomial":
      return above(schedule.floor, `(1 - ${progress})${schedule.power === 1 ? "" : ` ** ${schedule.power}`}`);
    case "inverse-sqrt": {
      const length = stepOf(schedule.warmup, stepsPerEpoch);
      return `min((step + 1) / ${length}, math.sqrt(${length} / (step + 1)))`;
    }
    case "list": {
      const index = schedule.per === "step" ? "step" : `int(step // ${stepOf("1e", stepsPerEpoch)})`;
      return `[${schedule.factors.join(", ")}][${index}]`;
    }
    case "warmup": {
      const end = stepOf(schedule.length, stepsPerEpoch);
      const ramp = schedule.from === 0 ? `step / ${end}` : `${schedule.from} + (1 - ${schedule.from}) * step / ${end}`;
      return `(${ramp} if step < ${end} else 1.0) * ${factorExpression(schedule.schedule, stepsPerEpoch, end)}`;
    }
  }
}
