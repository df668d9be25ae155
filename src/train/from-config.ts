import { assertArgument, expectation, InvalidArgumentError, randomStream } from "../core/index.js";
import { type Augmentation, type ImageDataset, isInMemory, splitValidation, subset } from "../data/index.js";
import type { Layer, Precision } from "../graph/index.js";
import { resnet, resnetCifar, vgg } from "../models/index.js";
import { heNormal, scaledBy } from "../nn/index.js";
import {
  adam,
  adamc,
  adamp,
  adamw,
  biases,
  type GroupRule,
  lastLayer,
  type Matcher,
  named,
  normalizationParameters,
  type Optimizer,
  parseSchedule,
  rotationalAdamw,
  rotationalSgd,
  scaleInvariant,
  scheduleRates,
  sgd,
  sgdc,
  sgdp,
  withAdaptiveClip,
} from "../optim/index.js";
import { normFactoryOf, weightNormOf } from "./norm-config.js";
import { dynamicLossScale, type LossScale } from "./overflow.js";
import type { RunConfig } from "./run-config.js";

/** The network that a configuration names; not one out of a file. */
export function networkOf(
  config: Pick<RunConfig, "model" | "width" | "weightScale" | "norm" | "weightNorm" | "branchScale">,
  classes: number,
): Layer {
  const { model, width, weightScale, branchScale } = config;
  const depth = Number(/\d+$/.exec(model)![0]);
  const weightNorm = weightNormOf(config.weightNorm);
  const options = {
    depth,
    width,
    classes,
    norm: normFactoryOf(config.norm),
    ...(weightNorm ? { weightNorm } : {}),
    ...(weightScale === 1 ? {} : { initializer: scaledBy(weightScale, heNormal()) }),
  };
  if (model.startsWith("vgg")) {
    assertArgument(branchScale === undefined, "branchScale", "a residual network", model, "leave it out");
    return vgg(options);
  }
  const residual = { ...options, ...(branchScale === undefined ? {} : { branchScale }) };
  return [18, 34, 50, 101].includes(depth) ? resnet(residual) : resnetCifar(residual);
}

/** The optimizer of a configuration, for a training of so many steps per epoch. */
export function optimizerOf(config: RunConfig, stepsPerEpoch: number): Optimizer {
  const optimizer = plainOptimizerOf(config, stepsPerEpoch);
  return config.clipAdaptive === undefined ? optimizer : withAdaptiveClip(optimizer, config.clipAdaptive);
}

function plainOptimizerOf(config: RunConfig, stepsPerEpoch: number): Optimizer {
  const { momentum, nesterov, weightDecay, decay, beta1, beta2, adamEpsilon: epsilon, clipNorm, sizeDecay } = config;
  const clip = clipNorm === undefined ? {} : { clipNorm };
  const moments = { beta1, beta2, epsilon };
  const by = config.projection;
  switch (config.optimizer) {
    case "sgd":
      return sgd({ momentum, nesterov, weightDecay, decay, ...clip });
    case "sgdp":
      return sgdp({ momentum, nesterov, weightDecay, by, ...clip });
    case "sgdc":
      return sgdc({ momentum, nesterov, weightDecay, peakRate: peakRate(config, stepsPerEpoch), ...clip });
    case "rotational-sgd":
      return rotationalSgd({ momentum, weightDecay, sizeDecay });
    case "adam":
      return adam({ ...moments, weightDecay, ...clip });
    case "adamw":
      return adamw({ ...moments, weightDecay, ...clip });
    case "adamp":
      return adamp({ ...moments, weightDecay, by, ...clip });
    case "adamc":
      return adamc({ ...moments, weightDecay, peakRate: peakRate(config, stepsPerEpoch), ...clip });
    case "rotational-adamw":
      return rotationalAdamw({ ...moments, weightDecay, sizeDecay });
  }
}

/** The largest rate that the schedule takes. */
function peakRate({ schedule, learningRate, epochs }: RunConfig, stepsPerEpoch: number): number {
  const rates = scheduleRates(parseSchedule(schedule), learningRate, epochs * stepsPerEpoch, stepsPerEpoch);
  return rates.reduce((peak, rate) => Math.max(peak, rate), 0);
}

const storageTypes = { fp32: "float32", fp16: "float16", bf16: "bfloat16" } as const;

/** The number formats of a configuration. */
export function precisionOf({
  precision,
  normAccumulator,
}: Pick<RunConfig, "precision" | "normAccumulator">): Precision {
  return { storage: storageTypes[precision], normAccumulator };
}

/** The loss scale of a configuration, if it has one. */
export function lossScaleOf({ lossScale }: Pick<RunConfig, "lossScale">): LossScale | undefined {
  if (lossScale === undefined || typeof lossScale === "number") return lossScale;
  return dynamicLossScale(lossScale === "dynamic" ? {} : lossScale);
}

const matchers: Readonly<Record<string, Matcher>> = {
  all: () => true,
  "scale-invariant": scaleInvariant(),
  normalization: normalizationParameters(),
  biases: biases(),
  "last-layer": lastLayer(),
};

/** The parameter groups of a configuration. */
export function groupsOf({ groups }: Pick<RunConfig, "groups">): GroupRule[] {
  return groups.map(({ match, rateFactor, weightDecay, momentum, clipAdaptive }, index) => ({
    name: `${index}:${match}`,
    match: matchers[match] ?? named(pattern(match.slice("name:".length))),
    ...(rateFactor === undefined ? {} : { rateFactor }),
    ...(weightDecay === undefined ? {} : { weightDecay }),
    ...(momentum === undefined ? {} : { momentum }),
    ...(clipAdaptive === undefined ? {} : { adaptiveClip: clipAdaptive }),
  }));
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InvalidArgumentError(expectation("groups", "a regular expression after name:", text));
  }
}

/** The random changes of training images: a crop of padded ones in memory, a resized region of those in files. */
export function augmentationOf({ crop, flip }: Pick<RunConfig, "crop" | "flip">, data: ImageDataset): Augmentation {
  if (isInMemory(data)) return { crop, flip };
  return { flip, ...(crop > 0 ? { resizedCrop: {} } : {}) };
}

/** The images that a run trains on, and those that it is judged by after each epoch. */
export interface TrainingData {
  readonly training: ImageDataset;
  readonly validation?: ImageDataset;
}

/**
 * Sets validation images aside and takes as many training images as asked. Both depend on the data alone, not on the
 * run's seed, so that runs with different seeds are judged by the same images.
 */
export function trainingDataOf({ validation, images }: RunConfig, all: ImageDataset): TrainingData {
  const parts: TrainingData =
    validation === 0
      ? { training: all }
      : splitValidation(all, { ...(validation < 1 ? { fraction: validation } : { count: validation }), seed: 0 });
  if (images === undefined || images === parts.training.labels.length) return parts;
  const available = parts.training.labels.length;
  if (images > available) {
    throw new InvalidArgumentError(expectation("images", `at most ${available} training images`, images));
  }
  const chosen = randomStream(0, "images").permutation(available).slice(0, images).sort();
  return { ...parts, training: subset(parts.training, chosen) };
}
