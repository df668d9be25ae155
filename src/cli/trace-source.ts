import { existsSync } from "node:fs";
import { join } from "node:path";
import { assertArgument } from "../core/index.js";
import { isInvariantAlone } from "../dynamics/index.js";
import { type OpenCheckpoint, openCheckpoints, traceRun } from "../foreign/files/index.js";
import {
  graphWeights,
  guessInvariant,
  type NamedShape,
  type TracedWeight,
  type TraceNumbers,
  traceCheckpoints,
  type WeightTrace,
} from "../foreign/index.js";
import { readRun } from "../io/files/index.js";
import { readOnnxFile } from "../onnx/import/files/index.js";
import { parseSchedule, scheduleRates } from "../optim/index.js";
import type { RunConfig } from "../train/index.js";
import { type RunData, readRunConfig } from "../train/node/index.js";
import { type Given, optionalCount } from "./number-options.js";
import { clamped, numbersOf, stepsArgument } from "./trace-arguments.js";

/** What was traced, and how. */
export interface Traced {
  readonly traces: readonly WeightTrace[];
  readonly numbers: TraceNumbers;
  readonly stepsPerEpoch?: number;
  /** What is to be known of how it was found out, a sentence each. */
  readonly notes: readonly string[];
}

/** Reads what the command names: checkpoints, or the record of a run folder. */
export async function traceOf(paths: readonly string[], args: Given): Promise<Traced> {
  if (!existsSync(join(paths[0]!, "run.json"))) return traceFiles(paths, args);
  assertArgument(paths.length === 1, "normwise trace", "one run folder, or checkpoints", paths.join(" "));
  const own = ["lr", "weight-decay", "momentum", "optimizer", "schedule", "total-steps", "steps", "every", "graph"];
  const said = own.filter((name) => args[name] !== undefined).map((name) => `--${name}`);
  assertArgument(said.length === 0, paths[0]!, "no hyperparameters, which its run.json holds", said.join(" "));
  return traceFolder(paths[0]!);
}

function traceFolder(path: string): Traced {
  const run = readRun(path);
  const config = readRunConfig(path);
  const stepsPerEpoch = Math.floor((run.config.data as RunData).images / config.batch);
  const schedule = parseSchedule(config.schedule);
  const rates = scheduleRates(schedule, config.learningRate, config.epochs * stepsPerEpoch, stepsPerEpoch);
  const controlled = config.control.kind !== "none";
  const adam = config.optimizer.includes("adam");
  const coupledAdam = config.optimizer === "adam";
  const normAware = !["sgd", "adam", "adamw"].includes(config.optimizer);
  const numbers: TraceNumbers = {
    optimizer: adam ? "adamw" : config.decay === "decoupled" ? "sgdw" : config.nesterov ? "nesterov" : "sgd",
    momentum: adam ? config.beta1 : config.momentum,
    weightDecay: config.weightDecay,
    rateAt: clamped(rates),
  };
  const decayOf = (name: string): number => (controlled || coupledAdam || normAware ? 0 : decayOfWeight(config, name));
  const traces = traceRun(run, numbers, decayOf);
  assertArgument(traces.length > 0, path, "recorded norms of scale-invariant weights", "none", "train it on");
  return {
    traces,
    numbers,
    stepsPerEpoch,
    notes: [
      ...(controlled ? [`the control ${config.control.kind} decides on step sizes: no equilibrium is predicted`] : []),
      ...(normAware ? [`${config.optimizer} acts on norms itself: no equilibrium is predicted`] : []),
      ...(coupledAdam ? ["decay that goes through Adam's moments: no equilibrium is predicted"] : []),
    ],
  };
}

/** λ of a scale-invariant weight: that of the first group that matches it. */
function decayOfWeight({ groups, weightDecay }: RunConfig, name: string): number {
  const matches = (match: string): boolean =>
    match === "all" ||
    match === "scale-invariant" ||
    (match.startsWith("name:") && new RegExp(match.slice(5)).test(name));
  return groups.find(({ match }) => matches(match))?.weightDecay ?? weightDecay;
}

async function traceFiles(paths: readonly string[], args: Given): Promise<Traced> {
  const [steps, every] = [stepsArgument(args), optionalCount(args, "every")];
  assertArgument(steps === undefined || every === undefined, "--every", "either --steps or --every", "both");
  const stepsPerEpoch = optionalCount(args, "steps-per-epoch");
  const checkpoints = await openCheckpoints(paths, {
    ...(steps === undefined ? {} : { steps }),
    ...(every === undefined ? {} : { every }),
    ...(stepsPerEpoch === undefined ? {} : { stepsPerEpoch }),
  });
  const numbers = numbersOf(args, checkpoints.at(-1)!.step);
  const { weights, notes } = await chooseWeights(checkpoints[0]!, args);
  const traces: WeightTrace[] = [];
  for (const weight of weights) traces.push(await traceCheckpoints(checkpoints, weight, numbers));
  return { traces, numbers, ...(stepsPerEpoch === undefined ? {} : { stepsPerEpoch }), notes };
}

/** The weights to trace: those that are scale-invariant, or are guessed to be; all matrices and kernels with `--all`. */
async function chooseWeights(
  { label, format, weights }: OpenCheckpoint,
  args: Given,
): Promise<{ weights: TracedWeight[]; notes: string[] }> {
  const candidates = [...weights.values()].filter(
    ({ name, shape, floating }) => floating && shape.length >= 2 && !name.startsWith("optimizer/"),
  );
  assertArgument(candidates.length > 0, label, "at least one floating-point tensor of two axes", "none");
  const graph = args.graph === undefined ? (format === "onnx" ? label : undefined) : String(args.graph);
  const { known, notes } = graph === undefined ? guessed([...weights.values()]) : await analysed(graph, candidates);
  const all = args.all === true || ![...known.values()].some(isInvariantAlone);
  const found = candidates.flatMap(({ name }): TracedWeight[] => {
    const weight = known.get(name) ?? { name, invariance: "none", guessed: graph === undefined };
    return isInvariantAlone(weight) || all ? [weight] : [];
  });
  return { weights: found, notes };
}

/** What is known of weights before they are traced, by name. */
interface KnownWeights {
  readonly known: ReadonlyMap<string, TracedWeight>;
  readonly notes: string[];
}

function guessed(tensors: readonly NamedShape[]): KnownWeights {
  const names = [...guessInvariant(tensors).keys()];
  const known = names.map((name): [string, TracedWeight] => [name, { name, invariance: "channel", guessed: true }]);
  const note =
    names.length === 0
      ? "no weight's name says that a batch-norm follows it: norms and rotations are shown of all, predictions of none; give --graph model.onnx"
      : "that a weight is scale-invariant (channel?) is guessed from names; --graph model.onnx lets the graph decide";
  return { known: new Map(known), notes: [note] };
}

async function analysed(graph: string, candidates: readonly NamedShape[]): Promise<KnownWeights> {
  const { weights, unknown } = graphWeights(await readOnnxFile(graph), candidates);
  assertArgument(weights.length > 0, "--graph", "a model with the weights of the checkpoints", graph);
  const without = candidates.length - weights.length;
  return {
    known: new Map(weights.map((weight) => [weight.name, weight])),
    notes: [
      ...(unknown.length > 0 ? [`what passes through ${unknown.join(", ")} could not be followed`] : []),
      ...(without > 0 ? [`${without} tensors are not in ${graph}, and are left out`] : []),
    ],
  };
}
