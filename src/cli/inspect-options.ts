import type { ArgsDef } from "citty";
import { assertArgument, type Shape } from "../core/index.js";
import { checkedNumbers, type OptimizerNumbers } from "../dynamics/index.js";
import { type Given, isBelowOne, isPositive, optionalCount, optionalNumber } from "./number-options.js";
import { momentumOf, optimizerOf, optimizerOption, weightDecayOf } from "./optimizer-options.js";

/** The options of `normwise inspect`. */
export const inspectOptions = {
  model: { type: "positional", description: "an .onnx or .safetensors file, or a run folder", required: true },
  graph: { type: "string", description: "safetensors: an .onnx file with the graph of these weights" },
  "input-shape": { type: "string", description: "shape of an input, such as images=2,3,224,224; may be repeated" },
  lr: { type: "string", description: "learning rate, for rates and equilibrium", valueHint: "0.1" },
  "weight-decay": { type: "string", description: "weight decay λ (0)" },
  momentum: { type: "string", description: "momentum of sgd, nesterov and sgdw (0.9)" },
  beta1: { type: "string", description: "β₁ of adamw (0.9)" },
  optimizer: optimizerOption,
  steps: { type: "string", description: "steps of the whole run" },
  "steps-per-epoch": { type: "string", description: "says times in epochs too" },
  epochs: { type: "string", description: "epochs of the whole run, with --steps-per-epoch in place of --steps" },
  verify: { type: "boolean", description: "ask the model too, on random data; exit code 1 if it disagrees" },
  seed: { type: "string", description: "--verify: seed of data and factors (1)" },
  threads: { type: "string", description: "--verify: threads of the runtime (2)" },
  lowering: { type: "string", description: "--verify: portable, blocked or auto, of the runtime (auto)" },
  all: { type: "boolean", description: "list biases, gains and other vectors too" },
  why: { type: "boolean", description: "tell the reason of every verdict" },
  json: { type: "boolean", description: "print JSON instead of a table" },
  html: { type: "string", description: "also write a page to this file" },
} as const satisfies ArgsDef;

/** The optimizer that the options tell; undefined without `--lr`. */
export function optimizerFrom(given: Given): OptimizerNumbers | undefined {
  const optimizer = optimizerOf(given);
  const rate = optionalNumber(given, "lr", "a rate > 0", isPositive);
  const weightDecay = weightDecayOf(given) ?? 0;
  const momentum = momentumOf(given);
  const beta1 = optionalNumber(given, "beta1", "a number in [0, 1)", isBelowOne);
  if (rate === undefined) {
    const named = ["weight-decay", "momentum", "beta1", "optimizer"].filter((name) => given[name] !== undefined);
    assertArgument(named.length === 0, "inspect", `--lr beside --${named[0]}`, "none");
    return undefined;
  }
  const adam = optimizer === "adamw";
  assertArgument(!adam || given.momentum === undefined, "--momentum", "--beta1 for adamw", momentum);
  assertArgument(adam || beta1 === undefined, "--beta1", "--momentum for sgd, nesterov and sgdw", beta1);
  return checkedNumbers({ optimizer, rate, weightDecay, ...(adam ? { beta1: beta1 ?? 0.9 } : { momentum }) });
}

/** How long the run is, as far as the options tell. */
export function lengthFrom(given: Given): { readonly steps?: number; readonly stepsPerEpoch?: number } {
  const steps = optionalCount(given, "steps");
  const stepsPerEpoch = optionalCount(given, "steps-per-epoch");
  const epochs = optionalNumber(given, "epochs", "a positive number", isPositive);
  assertArgument(
    epochs === undefined || stepsPerEpoch !== undefined,
    "--epochs",
    "--steps-per-epoch beside it",
    "none",
  );
  assertArgument(epochs === undefined || steps === undefined, "--epochs", "either --steps or --epochs", "both");
  const all = steps ?? (epochs === undefined ? undefined : Math.round(epochs * stepsPerEpoch!));
  return { ...(all === undefined ? {} : { steps: all }), ...(stepsPerEpoch === undefined ? {} : { stepsPerEpoch }) };
}

/** All of `--input-shape NAME=2,3,224,224`; citty keeps the last one only. */
export function inputShapesFrom(rawArgs: readonly string[]): Record<string, Shape> {
  const option = "--input-shape";
  const texts = rawArgs.flatMap((arg, index) => {
    if (arg === option) return [rawArgs[index + 1] ?? ""];
    return arg.startsWith(`${option}=`) ? [arg.slice(option.length + 1)] : [];
  });
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, sizes] = /^(.+)=([\d,]+)$/.exec(text) ?? [];
      const shape = (sizes ?? "").split(",").map(Number);
      const valid = name !== undefined && shape.every((size) => Number.isInteger(size) && size > 0);
      assertArgument(valid, option, "NAME=SIZE,SIZE,… such as images=2,3,224,224", text || "nothing");
      return [name, shape];
    }),
  );
}
