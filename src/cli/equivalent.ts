import { type ArgsDef, defineCommand } from "citty";
import { assertArgument } from "../core/index.js";
import { decayRemovalLimit, optimizerTraits } from "../dynamics/index.js";
import { describeSchedule } from "../optim/index.js";
import { defaultRescaleBelow, type Equivalent, translateArguments } from "./equivalent-arguments.js";
import { pytorchScheduler } from "./equivalent-pytorch.js";
import { rejectUnknownOptions } from "./unknown-options.js";

const formats = ["json", "csv", "pytorch"] as const;

const options = {
  lr: { type: "string", required: true, description: "learning rate that the schedule multiplies", valueHint: "0.1" },
  "weight-decay": { type: "string", required: true, description: "decay to translate from", valueHint: "5e-4" },
  "to-weight-decay": { type: "string", default: "0", description: "decay to translate to" },
  momentum: { type: "string", default: "0.9", description: "momentum, in [0, 1); adamw does not use it" },
  steps: { type: "string", description: "steps of the whole run", valueHint: "31280" },
  "steps-per-epoch": { type: "string", description: "for positions in epochs", valueHint: "391" },
  epochs: { type: "string", description: "epochs of the whole run, in place of either", valueHint: "80" },
  schedule: { type: "string", default: "constant", description: "such as steps:20e,40e,60e or warmup:5e+cosine" },
  optimizer: { type: "string", default: "sgd", description: Object.keys(optimizerTraits).join(", ") },
  format: { type: "string", default: "json", description: formats.join(", ") },
  "rescale-below": {
    type: "string",
    default: defaultRescaleBelow,
    description: "rescale the weights when the original norm over theirs falls below this; 0 for never",
  },
} as const satisfies ArgsDef;

/** The command `normwise equivalent`: the schedule goes to stdout, what is to be known about it to stderr. */
export const equivalentCommand = defineCommand({
  meta: {
    name: "equivalent",
    description: "Translate a learning-rate schedule with weight decay to the equivalent one without, or with another",
  },
  args: options,
  run({ args }) {
    rejectUnknownOptions("equivalent", options, args, 0);
    const equivalent = translateArguments(args);
    process.stdout.write(formatEquivalent(equivalent, args.format));
    const { exact, because, rescaleEvents } = equivalent.translated;
    if (!exact) process.stderr.write(`${because}\n`);
    if (rescaleEvents.length > 0)
      process.stderr.write(`the rates hold with ${rescaleEvents.length} rescaling(s) of the weights\n`);
  },
});

/** Writes a translation as `json`, `csv` or `pytorch`. Throws an InvalidArgumentError for another format. */
export function formatEquivalent(equivalent: Equivalent, format = "json"): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(jsonOf(equivalent))}\n`;
    case "csv":
      return csvOf(equivalent);
    case "pytorch":
      return pytorchScheduler(equivalent);
    default:
      assertArgument(false, "--format", `one of ${formats.join(", ")}`, format);
  }
}

/**
 * What `--format json` prints. `logLearningRate` and `logNormRatio` are there where float32 cannot hold the values
 * themselves, `rescaleEvents` where there are any; the rates from an event on account for it. JSON has no infinity: the
 * logarithm of a rate of 0, or a value beyond float64, is null.
 */
function jsonOf({ translated, ...from }: Equivalent): object {
  const largest = 2 ** 127; // the last power of two in float32
  const held = [translated.learningRate, translated.normRatio].every((list) => list.every((value) => value < largest));
  const limit = decayRemovalLimit(from.momentum, from.optimizer) / from.weightDecay;
  return {
    optimizer: from.optimizer,
    schedule: describeSchedule(from.schedule),
    baseLearningRate: from.baseRate,
    weightDecay: from.weightDecay,
    toWeightDecay: from.toWeightDecay,
    ...(from.optimizer === "sgdw" ? { momentum: Array.from(translated.momentum) } : { momentum: from.momentum }),
    exact: translated.exact,
    because: translated.because,
    ...(from.toWeightDecay === 0 && limit < Infinity ? { largestLearningRate: limit } : {}),
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
function csvOf({ rates, optimizer, translated }: Equivalent): string {
  const { learningRate, normRatio, momentum, rescaleEvents } = translated;
  const factors = new Map(rescaleEvents.map(({ step, factor }) => [step, factor]));
  const columns: readonly (readonly [string, (step: number) => number])[] = [
    ["step", (step) => step],
    ["learning_rate", (step) => rates[step]!],
    ["translated_learning_rate", (step) => learningRate[step]!],
    ["norm_ratio", (step) => normRatio[step]!],
    ...(optimizer === "sgdw" ? ([["momentum", (step: number) => momentum[step]!]] as const) : []),
    ...(factors.size > 0 ? ([["rescale", (step: number) => factors.get(step) ?? 1]] as const) : []),
  ];
  const rows = Array.from(rates, (_, step) => columns.map(([, value]) => value(step)).join(","));
  return `${[columns.map(([name]) => name).join(","), ...rows].join("\n")}\n`;
}
