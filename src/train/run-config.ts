import * as v from "valibot";
import { InvalidArgumentError } from "../core/index.js";
import type { DecayForm } from "../optim/index.js";
import { loweringOptions } from "../runtime/index.js";
import { findInert } from "./inert-options.js";
import { normSchema, weightNormSchema } from "./norm-config.js";

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const momentum = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

/** How a weight decay enters in each optimizer; in SGD unless the configuration says otherwise. */
const decayForms = {
  sgd: "coupled",
  sgdp: "decoupled",
  sgdc: "coupled",
  "rotational-sgd": "coupled",
  adam: "coupled",
  adamw: "decoupled",
  adamp: "decoupled",
  adamc: "decoupled",
  "rotational-adamw": "decoupled",
} as const satisfies Readonly<Record<string, DecayForm>>;

const optimizers = Object.keys(decayForms) as (keyof typeof decayForms)[];

const groupSchema = v.strictObject({
  /** `all`, `scale-invariant`, `normalization`, `biases`, `last-layer`, or `name:PATTERN` (a regular expression). */
  match: v.union([
    v.picklist(["all", "scale-invariant", "normalization", "biases", "last-layer"]),
    v.pipe(v.string(), v.regex(/^name:.+/)),
  ]),
  rateFactor: v.optional(nonNegative),
  weightDecay: v.optional(nonNegative),
  momentum: v.optional(momentum),
  /** Limit of adaptive clipping. */
  clipAdaptive: v.optional(positive),
});

const dynamicSchema = v.strictObject({
  initial: v.optional(positive, 2 ** 16),
  growth: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(1)), 2),
  backoff: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1)), 0.5),
  growthInterval: v.optional(count, 2000),
});

const recordedControl = {
  /** Folder of the recorded run. */
  reference: v.string(),
  cap: v.optional(v.pipe(v.number(), v.minValue(1)), 100),
  granularity: v.optional(v.picklist(["step", "epoch"]), "step"),
};

const controlSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("none") }),
  v.strictObject({
    kind: v.literal("exact-schedule"),
    /** λ of the training to be matched, and λ′ of this one. */
    fromWeightDecay: positive,
    toWeightDecay: v.optional(nonNegative, 0),
    followEpsilon: v.optional(v.boolean(), true),
  }),
  v.strictObject({ kind: v.literal("paper-correction"), ...recordedControl }),
  v.strictObject({ kind: v.literal("norm-schedule"), ...recordedControl }),
]);

const number = "-?\\d+(\\.\\d+)?(e-?\\d+)?";
const normalizationPattern = new RegExp(`^(data|imagenet|unit|${number}(,${number})*/${number}(,${number})*)$`);

const fieldsSchema = v.strictObject({
  /**
   * `vgg11` … `vgg19`; `resnet20` … `resnet110`, those for CIFAR; `resnet18` … `resnet101`, those for ImageNet; or the
   * path of an `.onnx` file.
   */
  model: v.pipe(
    v.string(),
    v.regex(/^(vgg(11|13|16|19)|resnet(18|20|32|34|44|50|56|101|110)|.*\.onnx)$/, modelMessage),
  ),
  /** Of an `.onnx` file: patterns (regular expressions) of the names of parameters that are not trained. */
  freeze: v.optional(v.array(v.string()), []),
  /** Of an `.onnx` file: whether its last linear layer is replaced by a new one for the data's classes. */
  newHead: v.optional(v.boolean(), false),
  /** Of an `.onnx` file: whether a model of three channels takes grey images, each channel alike. */
  repeatGray: v.optional(v.boolean(), false),
  /**
   * What is subtracted from pixel values in [0, 1] and divides them: mean and standard deviation of the training images
   * (`data`), of ImageNet (`imagenet`), 0 and 1 (`unit`), or numbers per channel, `0.5,0.5,0.5/0.25,0.25,0.25`.
   */
  normalization: v.optional(v.pipe(v.string(), v.regex(normalizationPattern, normalizationMessage)), "data"),
  /** Multiplies the channels. */
  width: v.optional(positive, 1),
  /** Multiplies the initial weights of the convolutions. */
  weightScale: v.optional(positive, 1),
  /** What normalizes the activations; batch-norm by default. */
  norm: v.optional(normSchema, {}),
  /** What makes the weights of convolutions from stored ones; nothing by default. */
  weightNorm: v.optional(weightNormSchema, {}),
  /** Residual networks: what a learned factor of each branch starts as; by the normalization if absent. */
  branchScale: v.optional(v.union([v.literal("none"), v.pipe(v.number(), v.finite())])),
  /** `embedded`, or a folder with CIFAR-10/100 (binary) or IDX files, or with a folder of images for each class. */
  data: v.optional(v.string(), "embedded"),
  /** Height and width that images in class folders are brought to; 224 if absent. */
  imageSize: v.optional(count),
  /** Training images used, chosen at random; all if absent. */
  images: v.optional(count),
  /** Images set aside from the training set: a fraction below 1, or a number. 0: none. */
  validation: v.optional(nonNegative, 0.1),
  epochs: v.optional(count, 80),
  batch: v.optional(count, 128),
  learningRate: v.optional(nonNegative, 0.1),
  schedule: v.optional(v.string(), "constant"),
  optimizer: v.optional(v.picklist(optimizers), "sgd"),
  /** Of the SGD family. */
  momentum: v.optional(momentum, 0.9),
  nesterov: v.optional(v.boolean(), false),
  weightDecay: v.optional(nonNegative, 0),
  /** Free in SGD only, where it is coupled by default; the others have their own. */
  decay: v.optional(v.picklist(["coupled", "decoupled"])),
  /** Of the Adam family. */
  beta1: v.optional(momentum, 0.9),
  beta2: v.optional(momentum, 0.999),
  adamEpsilon: v.optional(nonNegative, 1e-8),
  /** Limit of the norm of all gradients together; none if absent. */
  clipNorm: v.optional(positive),
  /** Limit of the ratio of each output unit's gradient to its weight, the last layer's excepted; none if absent. */
  clipAdaptive: v.optional(positive),
  /** SGDP, AdamP: how the projected weights are found. */
  projection: v.optional(v.picklist(["analysis", "cosine"]), "analysis"),
  /** Rotational variants: what the mean of squared sizes of updates keeps; 0: each step turns by the same angle. */
  sizeDecay: v.optional(momentum, 0.9),
  /** Format in which values are stored between layers, emulated. */
  precision: v.optional(v.picklist(["fp32", "fp16", "bf16"]), "fp32"),
  /** How the sums inside normalizations are taken. */
  normAccumulator: v.optional(v.picklist(["fp32", "fp16-sum", "fp16-block-mean", "fp16-mean-first"]), "fp32"),
  /** In half precision: what the loss is multiplied by, `dynamic`, or that with numbers of its own; 1 if absent. */
  lossScale: v.optional(
    v.union(
      [positive, v.literal("dynamic"), dynamicSchema],
      ({ input }) => `expected a scale > 0, or dynamic, got ${input}`,
    ),
  ),
  /** In half precision: steps skipped in a row that end the run. */
  overflowLimit: v.optional(count, 50),
  groups: v.optional(v.array(groupSchema), []),
  control: v.optional(controlSchema, { kind: "none" }),
  /**
   * Zeros padded around an image before it is cropped at random. Of images in class folders, whose size varies, a
   * random region is resized instead, whatever the number. 0: no crop.
   */
  crop: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 4),
  flip: v.optional(v.boolean(), true),
  /** Safetensors or ONNX file whose weights the training starts from; from the seed if absent. */
  init: v.optional(v.string()),
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1),
  threads: v.optional(count, 2),
  /** How the runtime computes: `blocked` where the machine can (`auto`), or one of both. */
  lowering: v.optional(v.picklist(loweringOptions), "auto"),
  measureEvery: v.optional(count, 10),
  /** Whether gradients of the scale-invariant weights are measured with their norms. */
  measureGradients: v.optional(v.boolean(), false),
  /** Steps between checkpoints, beside those at the end of epochs; 0: none. */
  checkpointEvery: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Whether the scale-invariant weights are kept at the end of each epoch, for other runs to compare with. */
  snapshots: v.optional(v.boolean(), false),
  /** Folder of a run with snapshots that directions are compared with. */
  compareWith: v.optional(v.string()),
});

const configSchema = v.pipe(
  fieldsSchema,
  v.transform(({ decay, ...fields }) => {
    return { ...fields, decay: decay ?? decayForms[fields.optimizer] };
  }),
  v.forward(
    v.check(
      ({ optimizer, decay }) => optimizer === "sgd" || decay === decayForms[optimizer],
      "expected decoupled with adamw, adamc, adamp, sgdp and rotational-adamw, and coupled with adam, sgdc and rotational-sgd",
    ),
    ["decay"],
  ),
  v.forward(
    v.check(
      ({ optimizer, weightDecay }) => !optimizer.startsWith("rotational") || weightDecay > 0,
      "expected a weight decay > 0 with a rotational optimizer, whose angle follows from it",
    ),
    ["weightDecay"],
  ),
  v.forward(
    v.check(
      ({ optimizer, clipNorm }) => !optimizer.startsWith("rotational") || clipNorm === undefined,
      "expected none with a rotational optimizer, whose steps are as long whatever the gradient",
    ),
    ["clipNorm"],
  ),
);

/** For a training that is to begin: it says nothing that would do nothing. */
const effectiveSchema = v.pipe(
  configSchema,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const { path, value, message } of findInert(dataset.value, v.parse(fieldsSchema, { model: "vgg11" }))) {
      const keys = path.map((key) => ({ type: "object" as const, origin: "value" as const, input: {}, key, value }));
      addIssue({ message, path: keys as [(typeof keys)[0]] });
    }
  }),
);

function modelMessage(issue: { readonly input: unknown }): string {
  const models = `vgg11, vgg13, vgg16, vgg19, resnet18, resnet34, resnet50, resnet101, resnet20, resnet32, resnet44, resnet56, resnet110 or the path of an .onnx file`;
  return `expected ${models}, got ${issue.input}`;
}

function normalizationMessage(issue: { readonly input: unknown }): string {
  return `expected data, imagenet, unit, or means/deviations such as 0.5,0.5,0.5/0.25,0.25,0.25, got ${issue.input}`;
}

/** Everything that determines a training; what `run.json` holds under `config`. */
export type RunConfig = v.InferOutput<typeof configSchema>;

/** A {@link RunConfig} as a person writes it: all but the model may be left out. */
export type RunConfigInput = v.InferInput<typeof configSchema>;

/**
 * Checks a configuration and fills in its defaults.
 * @param recorded Whether it is that of a run that began, perhaps by an earlier version, which let options pass that do nothing.
 * @throws InvalidArgumentError naming every field that is wrong, with its value.
 */
export function parseRunConfig(input: unknown, from = "configuration", recorded = false): RunConfig {
  const result = v.safeParse(recorded ? configSchema : effectiveSchema, input);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => {
    const field = v.getDotPath(issue) ?? "it";
    if (issue.kind === "schema" && issue.input === undefined) return `${field} is missing`;
    if (issue.expected === "never") return `${field} is not among the options`;
    return `${field}: ${issue.message.replace(/^Invalid \w+: E/, "e").replace("but received", "but got")}`;
  });
  throw new InvalidArgumentError(`${from}: ${problems.join("; ")}`);
}
