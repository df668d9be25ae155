import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import {
  constantRate,
  cosineDecay,
  inverseSqrt,
  linearDecay,
  listedRates,
  type Position,
  polynomialDecay,
  type Schedule,
  stepDecay,
  warmup,
} from "./schedule.js";

/** A schedule's text taken apart: `kind:item,item;option=value`. */
interface Parts {
  readonly items: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  /** What follows a warm-up's `+`. */
  readonly next: Schedule | undefined;
}

/** How one kind of schedule is written. */
interface Form {
  /** An example with every part; what is in brackets may be left out. */
  readonly example: string;
  readonly items: "none" | "one" | "several";
  readonly options: readonly string[];
  read(parts: Parts): Schedule;
}

const forms = {
  constant: { example: "constant", items: "none", options: [], read: () => constantRate() },
  steps: {
    example: "steps:20e,40e,60e[;factor=0.1]",
    items: "several",
    options: ["factor"],
    read: ({ items, options }) => stepDecay(items.map(positionOf), option(options, "factor", 0.1)),
  },
  cosine: {
    example: "cosine[;floor=0]",
    items: "none",
    options: ["floor"],
    read: ({ options }) => cosineDecay(option(options, "floor", 0)),
  },
  linear: {
    example: "linear[;floor=0]",
    items: "none",
    options: ["floor"],
    read: ({ options }) => linearDecay(option(options, "floor", 0)),
  },
  polynomial: {
    example: "polynomial:2[;floor=0]",
    items: "one",
    options: ["floor"],
    read: ({ items, options }) => polynomialDecay(numberOf(items[0]!), option(options, "floor", 0)),
  },
  "inverse-sqrt": {
    example: "inverse-sqrt:4000",
    items: "one",
    options: [],
    read: ({ items }) => inverseSqrt(positionOf(items[0]!)),
  },
  list: {
    example: "list:1,0.5,0.1[;per=epoch]",
    items: "several",
    options: ["per"],
    read: ({ items, options }) => listedRates(items.map(numberOf), unitOf(options.get("per") ?? "step")),
  },
  warmup: {
    example: "warmup:5e[;from=0][+any of the others]",
    items: "one",
    options: ["from"],
    read: ({ items, options, next }) => warmup(positionOf(items[0]!), next, option(options, "from", 0)),
  },
} as const satisfies Record<string, Form>;

/** The forms that {@link parseSchedule} reads, as examples; what is in brackets may be left out. */
export const scheduleForms: readonly string[] = Object.values(forms).map(({ example }) => example);

/**
 * Reads a schedule from text, such as `steps:20e,40e,60e`, `warmup:5e+cosine` or `steps:7820,15640;factor=0.2`. A position
 * is a number of steps, or with an `e` of epochs; {@link scheduleForms} has every form.
 *
 * @throws InvalidArgumentError quoting the text and listing the forms, or naming the number that is out of range.
 */
export function parseSchedule(text: string): Schedule {
  // The + in a number's exponent joins nothing.
  const [first, next, ...more] = text.split(/\+(?=\s*[a-z])/);
  const match = /^([a-z-]+)(?::([^;:]*))?((?:;\w+=[^;=]*)*)$/.exec(first!.replaceAll(/\s/g, ""));
  const kind = match?.[1] ?? "";
  if (!match || more.length > 0 || !Object.hasOwn(forms, kind) || (next !== undefined && kind !== "warmup")) {
    throw unreadable(text);
  }
  const form: Form = forms[kind as keyof typeof forms];

  const items = match[2]?.split(",") ?? [];
  const pairs = match[3]!
    .split(";")
    .slice(1)
    .map((pair) => pair.split("=") as [string, string]);
  const options = new Map(pairs);
  const count = { none: items.length === 0, one: items.length === 1, several: items.length > 0 }[form.items];
  const known = [...options.keys()].every((name) => form.options.includes(name));
  if (!count || !known || options.size < pairs.length) throw unreadable(text);

  return form.read({ items, options, next: next === undefined ? undefined : parseSchedule(next) });
}

/** Writes a schedule as the text that {@link parseSchedule} reads back as the same schedule. */
export function describeSchedule(schedule: Schedule): string {
  const unless = (usual: number, name: string, value: number): string => (value === usual ? "" : `;${name}=${value}`);
  switch (schedule.kind) {
    case "constant":
      return "constant";
    case "steps":
      return `steps:${schedule.at.join(",")}${unless(0.1, "factor", schedule.factor)}`;
    case "cosine":
      return `cosine${unless(0, "floor", schedule.floor)}`;
    case "polynomial": {
      const head = schedule.power === 1 ? "linear" : `polynomial:${schedule.power}`;
      return `${head}${unless(0, "floor", schedule.floor)}`;
    }
    case "inverse-sqrt":
      return `inverse-sqrt:${schedule.warmup}`;
    case "list":
      return `list:${schedule.factors.join(",")}${schedule.per === "step" ? "" : ";per=epoch"}`;
    case "warmup":
      return `warmup:${schedule.length}${unless(0, "from", schedule.from)}+${describeSchedule(schedule.schedule)}`;
  }
}

function unreadable(text: string): InvalidArgumentError {
  return new InvalidArgumentError(expectation("schedule", `one of ${scheduleForms.join(" | ")}`, text || "nothing"));
}

const decimal = String.raw`\d+(?:\.\d*)?(?:e[+-]?\d+)?`;
const number = new RegExp(`^-?${decimal}$`);
const position = new RegExp(`^${decimal}(e?)$`);

function numberOf(item: string): number {
  assertArgument(number.test(item), "schedule", "a number", item || "nothing");
  return Number(item);
}

function positionOf(item: string): Position {
  const match = position.exec(item);
  assertArgument(match !== null, "schedule", "a position like 7820 (steps) or 20e (epochs)", item || "nothing");
  return match[1] === "e" ? (item as Position) : Number(item);
}

function unitOf(item: string): "step" | "epoch" {
  assertArgument(item === "step" || item === "epoch", "schedule", "per=step or per=epoch", item);
  return item;
}

function option(options: ReadonlyMap<string, string>, name: string, otherwise: number): number {
  const value = options.get(name);
  return value === undefined ? otherwise : numberOf(value);
}
