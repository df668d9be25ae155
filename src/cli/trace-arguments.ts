import type { ArgsDef } from "citty";
import { assertArgument } from "../core/index.js";
import type { TraceNumbers } from "../foreign/index.js";
import { parseSchedule, scheduleRates } from "../optim/index.js";
import { type Given, isNonNegative, numberOption, numbersOption, optionalCount } from "./number-options.js";
import { momentumOf, optimizerOf, optimizerOption, weightDecayOf } from "./optimizer-options.js";

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
  optimizer: optimizerOption,
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

/** The numbers of `--steps`. */
export function stepsArgument(args: Given): number[] | undefined {
  const whole = (value: number): boolean => value >= 0 && Number.isInteger(value);
  return args.steps === undefined ? undefined : numbersOption("steps", args.steps, "steps such as 0,100,200", whole);
}

/**
 * The hyperparameters that the options say.
 * @param lastStep The last step that is asked for, where `--total-steps` does not say how many there are.
 * @throws InvalidArgumentError naming an option that is missing or wrong.
 */
export function numbersOf(args: Given, lastStep: number): TraceNumbers {
  for (const name of ["lr", "weight-decay"]) {
    const fix = "a file of weights does not hold the hyperparameters of its training";
    assertArgument(args[name] !== undefined, "normwise trace", `--${name}`, "none", fix);
  }
  const [optimizer, momentum, weightDecay] = [optimizerOf(args), momentumOf(args), weightDecayOf(args)!];
  const baseRate = numberOption("lr", args.lr, "a rate ≥ 0", isNonNegative);
  const total = optionalCount(args, "total-steps") ?? Math.max(1, lastStep);
  const schedule = parseSchedule(String(args.schedule ?? "constant"));
  const rates = scheduleRates(schedule, baseRate, total, optionalCount(args, "steps-per-epoch"));
  return { optimizer, weightDecay, momentum, rateAt: clamped(rates) };
}

/** The rate of a step; after the last one, its. */
export const clamped =
  (rates: Float64Array) =>
  (step: number): number =>
    rates[Math.min(step, rates.length - 1)]!;
