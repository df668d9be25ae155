import { assertArgument } from "../core/index.js";
import { decayRemovalLimit, type PerStep, type Simulation, simulateTranslation } from "../dynamics/index.js";
import type { Equivalent } from "./equivalent-arguments.js";
import { optaxSource } from "./equivalent-optax.js";
import { pytorchScheduler } from "./equivalent-pytorch.js";

const formats = ["json", "csv", "pytorch", "optax"] as const;

/** Writes a translation as `json`, `csv`, `pytorch` or `optax`. Throws an InvalidArgumentError for another format. */
export function formatEquivalent(equivalent: Equivalent, format = "json"): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(jsonOf(equivalent))}\n`;
    case "csv":
      return csvOf(equivalent);
    case "pytorch":
      return pytorchScheduler(equivalent);
    case "optax":
      return optaxSource(equivalent);
    default:
      assertArgument(false, "--format", `one of ${formats.join(", ")}`, format);
  }
}

/** The translation tried out on a test problem. */
export function simulate(equivalent: Equivalent): Simulation {
  const { rates, momentum, optimizer, weightDecay, toWeightDecay, by, translated } = equivalent;
  const changed = by === undefined ? "decay" : "rates";
  return simulateTranslation({ rates, momentum, optimizer, weightDecay, toWeightDecay, translated, changed });
}

/** What a simulation found, as a sentence or two. */
export function describeSimulation({ steps, complete, rotation, translated, untranslated }: Simulation): string {
  const angle = (value: number): string => `${value.toPrecision(2)} rad`;
  return (
    `on a noisy test problem with 32 weights, ${complete ? `all ${steps}` : `the first ${steps}`} steps: directions at most ` +
    `${angle(translated.largestAngle)} from the original's (${angle(translated.finalAngle)} at the end), where a step turns ` +
    `${angle(rotation)}; without the translation ${angle(untranslated.largestAngle)}; losses differ by at most ` +
    `${translated.largestLoss.toPrecision(2)} of their standard deviation, and ${untranslated.largestLoss.toPrecision(2)}`
  );
}

/**
 * What `--format json` prints. `logLearningRate` and `logNormRatio` are there where float32 cannot hold the values
 * themselves, `rescaleEvents` where there are any; the rates from an event on account for it. JSON has no infinity: the
 * logarithm of a rate of 0, or a value beyond float64, is null.
 */
function jsonOf(equivalent: Equivalent): object {
  const { translated, ...from } = equivalent;
  const largest = 2 ** 127; // the last power of two in float32
  const held = [translated.learningRate, translated.normRatio].every((list) => list.every((value) => value < largest));
  const removes = from.toWeightDecay === 0 && typeof from.weightDecay === "number" && from.by === undefined;
  const limit = removes ? decayRemovalLimit(from.momentum, from.optimizer) / (from.weightDecay as number) : Infinity;
  return {
    optimizer: from.optimizer,
    schedule: from.scheduleName,
    baseLearningRate: from.baseRate,
    weightDecay: listed(from.weightDecay),
    toWeightDecay: listed(from.toWeightDecay),
    ...(from.optimizer === "sgdw" ? { momentum: Array.from(translated.momentum) } : { momentum: from.momentum }),
    exact: translated.exact,
    because: translated.because,
    simulation: simulate(equivalent),
    ...(limit < Infinity ? { largestLearningRate: limit } : {}),
    ...(translated.rescaleEvents.length === 0 ? {} : { rescaleEvents: translated.rescaleEvents }),
    learningRate: Array.from(translated.learningRate),
    normRatio: Array.from(translated.normRatio),
    ...(held
      ? {}
      : {
          logLearningRate: Array.from(translated.logLearningRate),
          logNormRatio: Array.from(translated.logNormRatio),
        }),
  };
}

/** One row a step; the norm ratio is that before the step, after its rescaling. */
function csvOf({ rates, optimizer, toWeightDecay, translated }: Equivalent): string {
  const { learningRate, normRatio, momentum, rescaleEvents } = translated;
  const factors = new Map(rescaleEvents.map(({ step, factor }) => [step, factor]));
  const columns: readonly (readonly [string, (step: number) => number])[] = [
    ["step", (step) => step],
    ["learning_rate", (step) => rates[step]!],
    ["translated_learning_rate", (step) => learningRate[step]!],
    ["norm_ratio", (step) => normRatio[step]!],
    ...(typeof toWeightDecay === "object" ? ([["weight_decay", (step: number) => toWeightDecay[step]!]] as const) : []),
    ...(optimizer === "sgdw" ? ([["momentum", (step: number) => momentum[step]!]] as const) : []),
    ...(factors.size > 0 ? ([["rescale", (step: number) => factors.get(step) ?? 1]] as const) : []),
  ];
  const rows = Array.from(rates, (_, step) => columns.map(([, value]) => value(step)).join(","));
  return `${[columns.map(([name]) => name).join(","), ...rows].join("\n")}\n`;
}

/** A value of all steps, or a list of those of each, as JSON has it. */
const listed = (value: PerStep): number | number[] => (typeof value === "number" ? value : Array.from(value));
