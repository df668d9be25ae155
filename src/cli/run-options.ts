import { readFile } from "node:fs/promises";
import type { ArgsDef } from "citty";
import { expectation, InvalidArgumentError } from "../core/index.js";
import { parseRunConfig, type RunConfig } from "../train/index.js";
import { type Given, numberOption } from "./number-options.js";
import { camelCase } from "./unknown-options.js";

/** Options of `normwise train` that set a field of the configuration; the text of each says its default. */
export const runOptions = {
  model: {
    type: "string",
    description:
      "vgg11, vgg13, vgg16, vgg19, resnet18, resnet34, resnet50, resnet101; for CIFAR: resnet20, resnet32, resnet44, resnet56, resnet110; or an .onnx file",
  },
  freeze: {
    type: "string",
    description: ".onnx: pattern of the names of parameters that are not trained; may be repeated",
  },
  "new-head": { type: "boolean", description: ".onnx: replace the last linear layer by one for the data's classes" },
  "repeat-gray": { type: "boolean", description: ".onnx: give grey images to a model of three channels" },
  normalization: {
    type: "string",
    description:
      "of pixel values in 0..1: data, imagenet, unit, or means/deviations: 0.5,0.5,0.5/0.25,0.25,0.25 (data)",
  },
  width: { type: "string", description: "multiplies the channels (1)" },
  "weight-scale": { type: "string", description: "multiplies the initial weights of the convolutions (1)" },
  norm: { type: "string", description: "batch, ghost, layer, group, instance, rms, mean-only or none (batch)" },
  "norm-metric": { type: "string", description: "l2, l1, l3, linf, top10, range, range16, … (l2)" },
  "norm-constant": { type: "string", description: "the metric's constant: paper, exact or a number (paper)" },
  "norm-size": { type: "string", description: "ghost: rows of a ghost batch (32)" },
  "norm-groups": { type: "string", description: "group: number of groups (32)" },
  "norm-epsilon": { type: "string", description: "ε of the normalization (1e-5)" },
  "branch-scale": {
    type: "string",
    description:
      "residual networks: what a learned factor of each branch starts as, or none (0 with --norm none or mean-only)",
  },
  "weight-norm": { type: "string", description: "none, weight, bounded, forced or standardization (none)" },
  "weight-norm-metric": { type: "string", description: "metric of the weight norm (l2)" },
  "weight-norm-constant": { type: "string", description: "its constant: paper, exact or a number (paper)" },
  "weight-norm-per": { type: "string", description: "what has a magnitude of its own: channel or layer" },
  "weight-norm-rho": { type: "string", description: "bounded, forced: the norm ρ (from the initial weight)" },
  data: {
    type: "string",
    description: "folder with CIFAR-10/100 (binary) or IDX files or train/CLASS/*.JPEG, or embedded (the default)",
  },
  "image-size": { type: "string", description: "height and width that images in class folders are brought to (224)" },
  images: { type: "string", description: "training images to use (all)" },
  validation: { type: "string", description: "images set aside: a fraction below 1, or a number; 0 for none (0.1)" },
  epochs: { type: "string", description: "epochs (80)" },
  batch: { type: "string", description: "images per step (128)" },
  lr: { type: "string", description: "learning rate, per step (0.1)" },
  schedule: {
    type: "string",
    description: "constant, steps:20e,40e,60e, cosine, linear, warmup:5e+cosine, … (constant)",
  },
  optimizer: {
    type: "string",
    description: "sgd (the default), sgdp, sgdc, rotational-sgd, adam, adamw, adamp, adamc or rotational-adamw",
  },
  momentum: { type: "string", description: "sgd and its kin: momentum, per step (0.9)" },
  nesterov: { type: "boolean", description: "sgd, sgdp, sgdc: Nesterov's form instead of heavy ball" },
  "weight-decay": { type: "string", description: "weight decay λ (0)" },
  decay: { type: "string", description: "sgd: coupled (g + λw, the default) or decoupled (w − ηλw)" },
  beta1: { type: "string", description: "adam and its kin: what the mean of gradients keeps, per step (0.9)" },
  beta2: { type: "string", description: "adam and its kin: what the mean of their squares keeps, per step (0.999)" },
  "adam-epsilon": { type: "string", description: "adam and its kin: added to the root of the mean square (1e-8)" },
  "clip-norm": { type: "string", description: "limit of the norm of all gradients together (none)" },
  "clip-adaptive": {
    type: "string",
    description: "limit of each output unit's gradient, times its weight's norm; not in the last layer (none)",
  },
  projection: {
    type: "string",
    description: "sgdp, adamp: which weights are projected, by analysis (default) or cosine",
  },
  "size-decay": {
    type: "string",
    description: "rotational: what the mean of squared updates keeps, per step; 0 turns each step alike (0.9)",
  },
  precision: { type: "string", description: "fp32 (the default), fp16 or bf16: how values are stored, emulated" },
  "norm-accumulator": {
    type: "string",
    description: "sums inside normalizations: fp32 (default), fp16-sum, fp16-block-mean or fp16-mean-first",
  },
  "loss-scale": { type: "string", description: "fp16, bf16: what the loss is multiplied by, or dynamic (1)" },
  "overflow-limit": { type: "string", description: "fp16, bf16: steps skipped in a row that end the run (50)" },
  group: {
    type: "string",
    description:
      "numbers for some parameters: MATCH:weight-decay=0,rate=0.1,momentum=0,clip-adaptive=0.1; may be repeated",
  },
  control: { type: "string", description: "none, exact-schedule, paper-correction or norm-schedule" },
  "from-weight-decay": { type: "string", description: "exact-schedule: the decay of the training to be matched" },
  "to-weight-decay": { type: "string", description: "exact-schedule: the decay of this training (0)" },
  "follow-epsilon": { type: "boolean", description: "exact-schedule: let the normalizations' ε follow (on)" },
  reference: { type: "string", description: "paper-correction, norm-schedule: folder of the recorded run" },
  cap: {
    type: "string",
    description: "paper-correction, norm-schedule: limit of a correction (100 × the layer's median)",
  },
  granularity: { type: "string", description: "paper-correction, norm-schedule: step (default) or epoch" },
  crop: {
    type: "string",
    description:
      "zeros around an image before it is cropped at random (4); in class folders any resizes a region, 0 none",
  },
  flip: { type: "boolean", description: "mirror images at random (on; --no-flip)" },
  init: { type: "string", description: "safetensors or ONNX file with the weights to start from (made from the seed)" },
  seed: { type: "string", description: "seed of weights, order and augmentation (1)" },
  threads: { type: "string", description: "threads of the runtime (2)" },
  lowering: {
    type: "string",
    description:
      "operators of the runtime: portable (any machine), blocked (faster), auto: blocked where it runs (auto)",
  },
  "measure-every": { type: "string", description: "steps between measurements of norms and rotations (10)" },
  "measure-gradients": { type: "boolean", description: "measure the gradients at unit norm with them" },
  "checkpoint-every": { type: "string", description: "steps between checkpoints within an epoch (0: at its end only)" },
  snapshots: { type: "boolean", description: "keep the weights of every epoch, for other runs to compare with" },
  "compare-with": { type: "string", description: "folder of a run with snapshots to compare directions with" },
} as const satisfies ArgsDef;

const numbers = [
  "weight-scale",
  "norm-size",
  "norm-groups",
  "norm-epsilon",
  "weight-norm-rho",
  "width",
  "image-size",
  "images",
  "validation",
  "epochs",
  "batch",
  "lr",
  "momentum",
  "weight-decay",
  "beta1",
  "beta2",
  "adam-epsilon",
  "clip-norm",
  "clip-adaptive",
  "size-decay",
  "overflow-limit",
  "from-weight-decay",
  "to-weight-decay",
  "cap",
  "crop",
  "seed",
  "threads",
  "measure-every",
  "checkpoint-every",
] as const;

/** Fields whose option has another name. */
const fieldOf: Readonly<Record<string, string>> = { lr: "learningRate", group: "groups" };

/** Options that set fields of a part of the configuration; the one named like the part sets its kind. */
const parts: Readonly<Record<string, readonly string[]>> = {
  control: ["from-weight-decay", "to-weight-decay", "follow-epsilon", "reference", "cap", "granularity"],
  norm: ["norm-metric", "norm-constant", "norm-size", "norm-groups", "norm-epsilon"],
  "weight-norm": ["weight-norm-metric", "weight-norm-constant", "weight-norm-per", "weight-norm-rho"],
};

/** The part of the configuration that an option belongs to, and its field there. */
function partOf(option: string): { readonly part: string; readonly field: string } | undefined {
  for (const [part, options] of Object.entries(parts)) {
    if (option === part) return { part: camelCase(part), field: "kind" };
    if (options.includes(option)) return { part: camelCase(part), field: camelCase(option.replace(`${part}-`, "")) };
  }
  return undefined;
}

/** The configuration that a file (`--config`) and options make; options win. */
export async function runConfigFrom(args: Given, rawArgs: readonly string[]): Promise<RunConfig> {
  const given = givenOptions(args);
  const base = typeof args.config === "string" ? await readConfigFile(args.config) : {};
  const fields: Record<string, unknown> = { ...base };
  const changed: Record<string, Record<string, unknown>> = {};
  for (const [name, value] of Object.entries(given)) {
    const place = partOf(name);
    if (place) changed[place.part] = { ...changed[place.part], [place.field]: value };
    else if (name === "freeze") fields.freeze = repeated(rawArgs, "freeze");
    else if (name === "group") fields.groups = repeated(rawArgs, "group").map(parseGroup);
    else fields[fieldOf[name] ?? camelCase(name)] = value;
  }
  for (const [part, set] of Object.entries(changed)) {
    const held = (base as Record<string, { kind?: unknown } | undefined>)[part];
    // Another kind than the file's leaves the file's other fields of the part behind.
    fields[part] = { ...(set.kind === undefined || held?.kind === set.kind ? held : {}), ...set };
  }
  return parseRunConfig(fields, "options");
}

function givenOptions(args: Given): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(runOptions)) {
    const value = args[name] ?? args[camelCase(name)];
    if (value === undefined) continue;
    given[name] = isNumber(name, value) ? numberOption(name, value) : value;
  }
  return given;
}

function isNumber(name: string, value: unknown): boolean {
  if ((numbers as readonly string[]).includes(name)) return true;
  if (name === "branch-scale") return value !== "none";
  if (name === "loss-scale") return value !== "dynamic";
  return name.endsWith("norm-constant") && value !== "paper" && value !== "exact";
}

/** The schema that `run.json` has under `config`, which may also be given as it is. */
async function readConfigFile(path: string): Promise<object> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new InvalidArgumentError(expectation(`--config ${path}`, "a readable JSON file", String(cause)));
  }
  const held = (content as { config?: unknown } | null)?.config ?? content;
  if (typeof held !== "object" || held === null) {
    throw new InvalidArgumentError(expectation(`--config ${path}`, "a JSON object", held));
  }
  return held;
}

/** All values of an option that may be repeated; citty keeps the last one only. */
function repeated(rawArgs: readonly string[], name: string): string[] {
  return rawArgs.flatMap((arg, index) => {
    if (arg === `--${name}`) return [rawArgs[index + 1] ?? ""];
    return arg.startsWith(`--${name}=`) ? [arg.slice(name.length + 3)] : [];
  });
}

const groupFields: Readonly<Record<string, string>> = {
  "weight-decay": "weightDecay",
  rate: "rateFactor",
  momentum: "momentum",
  "clip-adaptive": "clipAdaptive",
};

/** `scale-invariant:weight-decay=0,rate=0.5`; a pattern after `name:` may hold colons, so the numbers start at the last. */
function parseGroup(text: string): Record<string, unknown> {
  const at = text.lastIndexOf(":");
  const assignments = text
    .slice(at + 1)
    .split(",")
    .map((part) => part.split("="));
  const valid =
    at > 0 && assignments.every(([field, value]) => groupFields[field!] !== undefined && value !== undefined);
  if (!valid) {
    throw new InvalidArgumentError(
      expectation(
        "--group",
        "MATCH:weight-decay=NUMBER,rate=NUMBER,momentum=NUMBER,clip-adaptive=NUMBER",
        text,
        "for example scale-invariant:weight-decay=0",
      ),
    );
  }
  const fields = assignments.map(([field, value]) => [groupFields[field!]!, numberOption(`group ${field}`, value)]);
  return { match: text.slice(0, at), ...Object.fromEntries(fields) };
}
