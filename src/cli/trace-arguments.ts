import type { ArgsDef } from "citty";
import { assertArgument } from "../core/index.js";
import { type OptimizerKind, optimizerTraits } from "../dynamics/index.js";
import type { TraceNumbers } from "../foreign/index.js";
import { parseSchedule, scheduleRates } from "../optim/index.js";
import { numberArgument } from "./number-argument.js";

/** The options of `normwise trace`. */
export const traceOptions = {
  checkpoints: {
    type: "positional",
    required: true,
    description: "safetensors or ONNX files of one training, or one of Normwise's run folders",
  },
  lr: { type: "string", description: "learning rate that the schedule multiplies, per step", valueHint: "0.1" },
  "weight-decay": { type: "string", description: "weight decay λ", valueHint: "5e-4" },
  momentum: { type: "string", description: "momentum; β₁ of adamw (0.9)" },
  optimizer: { type: "string", description: `${Object.keys(optimizerTraits).join(", ")} (sgd)` },
  schedule: { type: "string", description: "such as steps:20e,40e,60e or warmup:5e+cosine (constant)" },
  "steps-per-epoch": { type: "string", description: "for positions in epochs" },
  "total-steps": {
    type: "string",
    description: "steps of the whole training, for its schedule (the last checkpoint's)",
  },
  steps: {
    type: "string",
    description: "which steps the files are of, in place of their names",
    valueHint: "0,100,200",
  },
  every: { type: "string", description: "steps between one file and the next, in place of their names" },
  graph: { type: "string", description: "ONNX file of the model: which weights are scale-invariant is seen from it" },
  all: { type: "boolean", description: "also weights that are not scale-invariant" },
  csv: { type: "string", description: "write all moments to this file" },
  arrow: { type: "string", description: "write all moments to this file" },
  parquet: { type: "string", description: "write all moments to this file" },
  json: { type: "boolean", description: "print everything as JSON in place of the table" },
  html: { type: "string", description: "write a page to this file" },
} as const satisfies ArgsDef;

/** The options, as typed. */
export type TraceArguments = Readonly<Record<string, unknown>>;

/** A positive integer that may be left out. */
export function countArgument(args: TraceArguments, name: string): number | undefined {
  const text = args[name];
  if (text === undefined) return undefined;
  return numberArgument(
    `--${name}`,
    String(text),
    "a positive integer",
    (value) => value > 0 && Number.isInteger(value),
  );
}

/** The numbers of `--steps`. */
export function stepsArgument(args: TraceArguments): number[] | undefined {
  if (args.steps === undefined) return undefined;
  const whole = (value: number): boolean => value >= 0 && Number.isInteger(value);
  return String(args.steps)
    .split(",")
    .map((text) => numberArgument("--steps", text, "steps such as 0,100,200", whole));
}

/**
 * The hyperparameters that the options say.
 * @param lastStep The last step that is asked for, where `--total-steps` does not say how many there are.
 * @throws InvalidArgumentError naming an option that is missing or wrong.
 */
export function numbersOf(args: TraceArguments, lastStep: number): TraceNumbers {
  const optimizer = String(args.optimizer ?? "sgd");
  const kinds = Object.keys(optimizerTraits);
  assertArgument(kinds.includes(optimizer), "--optimizer", `one of ${kinds.join(", ")}`, optimizer);
  const needed = (name: string, expected: string): number => {
    const text = args[name];
    const fix = "a file of weights does not hold the hyperparameters of its training";
    assertArgument(text !== undefined, "normwise trace", `--${name}`, "none", fix);
    return numberArgument(`--${name}`, String(text), expected, (value) => value >= 0);
  };
  const momentum = numberArgument(
    "--momentum",
    String(args.momentum ?? "0.9"),
    "a momentum in [0, 1)",
    (value) => value >= 0 && value < 1,
  );
  const baseRate = needed("lr", "a rate ≥ 0");
  const weightDecay = needed("weight-decay", "a decay ≥ 0");
  const total = countArgument(args, "total-steps") ?? Math.max(1, lastStep);
  const schedule = parseSchedule(String(args.schedule ?? "constant"));
  const rates = scheduleRates(schedule, baseRate, total, countArgument(args, "steps-per-epoch"));
  return { optimizer: optimizer as OptimizerKind, weightDecay, momentum, rateAt: clamped(rates) };
}

/** The rate of a step; after the last one, its. */
export const clamped =
  (rates: Float64Array) =>
  (step: number): number =>
    rates[Math.min(step, rates.length - 1)]!;
