import { assertArgument } from "../core/index.js";
import type { OptimizerKind } from "../dynamics/index.js";
import { readRun } from "../io/files/index.js";
import { epochRecords, readRunConfig } from "../train/node/index.js";
import type { EquivalentArguments } from "./equivalent-options.js";

/**
 * What a run folder of `normwise train` says, as options.
 * @throws RunError if the folder holds no run; InvalidArgumentError if no schedule of its kind can be translated.
 */
export function runArguments(folder: string): EquivalentArguments {
  const config = readRunConfig(folder);
  const stepsPerEpoch = epochRecords(readRun(folder))[0]?.step;
  const fix = "give --lr, --schedule and --steps";
  assertArgument(stepsPerEpoch !== undefined, "--from-run", "a run with a finished epoch", folder, fix);
  const { control } = config;
  assertArgument(control.kind === "none", "--from-run", "a run without a control of the step size", control.kind);
  return {
    lr: String(config.learningRate),
    "weight-decay": String(config.weightDecay),
    schedule: config.schedule,
    "steps-per-epoch": String(stepsPerEpoch),
    epochs: String(config.epochs),
    optimizer: kindOf(config),
    momentum: String(config.optimizer === "sgd" ? config.momentum : config.beta1),
  };
}

function kindOf({ optimizer, nesterov, decay }: ReturnType<typeof readRunConfig>): OptimizerKind {
  const coupled = (decay ?? (optimizer === "adamw" ? "decoupled" : "coupled")) === "coupled";
  const known = optimizer === "sgd" ? coupled || !nesterov : optimizer === "adamw";
  const got = `${coupled ? "coupled" : "decoupled"} decay in ${optimizer}${nesterov ? " with nesterov" : ""}`;
  assertArgument(known, "--from-run", "SGD, or Adam with decoupled decay", got, "its decay acts in another way");
  if (optimizer !== "sgd") return "adamw";
  if (!coupled) return "sgdw";
  return nesterov ? "nesterov" : "sgd";
}
