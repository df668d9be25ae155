import type { ArgsDef } from "citty";
import { optimizerOption } from "./optimizer-options.js";

/** Where rescaling sets in: rates 2⁸⁰ times as large, and squares of weights, are still within float32's range. */
export const defaultRescaleBelow = String(2 ** -40);

/** The options of `normwise equivalent`. */
export const equivalentOptions = {
  lr: { type: "string", description: "learning rate that the schedule multiplies", valueHint: "0.1" },
  "weight-decay": { type: "string", description: "decay to translate from", valueHint: "5e-4" },
  "to-weight-decay": { type: "string", description: "decay to translate to (0)" },
  "to-lr": { type: "string", description: "rate to translate to instead: finds the decay of each step for it" },
  "to-schedule": { type: "string", description: "what that rate is multiplied by (constant)" },
  by: { type: "string", description: "with --to-lr: decay, or norms (rescaled before each step, without decay)" },
  momentum: { type: "string", description: "momentum, in [0, 1) (0.9); adamw does not use it" },
  steps: { type: "string", description: "steps of the whole run", valueHint: "31280" },
  "steps-per-epoch": { type: "string", description: "for positions in epochs", valueHint: "391" },
  epochs: { type: "string", description: "epochs of the whole run, in place of either", valueHint: "80" },
  schedule: { type: "string", description: "such as steps:20e,40e,60e or warmup:5e+cosine (constant)" },
  "schedule-file": { type: "string", description: "file with the rate of each step: CSV or JSON", valueHint: "FILE" },
  "from-run": { type: "string", description: "run folder that says all of the above", valueHint: "FOLDER" },
  optimizer: optimizerOption,
  "sweep-weight-decay": {
    type: "string",
    description: "table of equal trainings at these decays",
    valueHint: "1e-4,1e-3",
  },
  batch: { type: "string", description: "with --to-batch: the batch size of the run", valueHint: "128" },
  "to-batch": { type: "string", description: "the rule for another batch size", valueHint: "512" },
  norms: { type: "string", description: "estimate the rates from recorded norms alone", valueHint: "FOLDER|FILE.csv" },
  "norms-without": {
    type: "string",
    description: "with --norms: norms of a run without decay",
    valueHint: "FOLDER|FILE.csv",
  },
  format: { type: "string", description: "json, csv, pytorch or optax; of the tables text, json or csv" },
  plot: { type: "boolean", description: "draw rates and norms in the terminal, in place of printing the schedule" },
  html: { type: "string", description: "also write a page with the charts to this file", valueHint: "FILE" },
  "rescale-below": {
    type: "string",
    description: `rescale the weights when the original norm over theirs falls below this; 0 for never (${defaultRescaleBelow})`,
  },
} as const satisfies ArgsDef;

/** The options as typed. */
export type EquivalentArguments = {
  readonly [Name in keyof typeof equivalentOptions]?: (Name extends "plot" ? boolean : string) | undefined;
};
