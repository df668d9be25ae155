import { assertArgument, expectation, InvalidArgumentError, sizeOf, type Tensor } from "../core/index.js";
import { type ImageDataset, imageNetStatistics as imagenet } from "../data/index.js";
import type { OnnxNetworkOptions } from "../foreign/index.js";
import { parseRunConfig, type RunConfig } from "./run-config.js";
import { trainingNormalization } from "./train-options.js";

/** Whether a configuration's model is an `.onnx` file. */
export const isForeign = ({ model }: Pick<RunConfig, "model">): boolean => model.endsWith(".onnx");

/** Fields that shape a network of Normwise's own, and those that shape one out of a file. */
const ownFields = ["width", "weightScale", "norm", "weightNorm", "branchScale"] as const;
const foreignFields = ["freeze", "newHead", "repeatGray"] as const;

/**
 * Throws an InvalidArgumentError if a configuration says of its model what only another kind of model has.
 */
export function requireFieldsOfModel(config: RunConfig): void {
  const { model, control } = config;
  const foreign = isForeign(config);
  const standard = parseRunConfig({ model });
  for (const field of foreign ? ownFields : foreignFields) {
    const changed = JSON.stringify(config[field]) !== JSON.stringify(standard[field]);
    const kind = foreign ? "a network that Normwise builds" : "a model out of an .onnx file";
    assertArgument(!changed, field, kind, model, "leave it out");
  }
  const exact = foreign && control.kind === "exact-schedule";
  const fix = "translate the schedule with normwise equivalent, and train with that";
  assertArgument(!exact, "control exact-schedule", "a network that Normwise builds", model, fix);
}

/** What a model out of a file is asked to be for a configuration. */
export function onnxOptionsOf({ freeze, newHead, repeatGray, seed }: RunConfig, classes: number): OnnxNetworkOptions {
  const patterns = freeze.map((text) => {
    try {
      return new RegExp(text);
    } catch {
      throw new InvalidArgumentError(expectation("--freeze", "a regular expression", text));
    }
  });
  return { classes, newHead, repeatGray, seed, freeze: patterns };
}

/** What is subtracted from pixel values in [0, 1] and divides them, per channel. */
export interface PixelNormalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What a configuration normalizes images with. */
export function normalizationOf(
  { normalization }: Pick<RunConfig, "normalization">,
  data: ImageDataset,
): PixelNormalization {
  const [channels] = data.shape;
  if (normalization === "data") return trainingNormalization(data);
  const all = (value: number): number[] => new Array<number>(channels).fill(value);
  if (normalization === "unit") return { mean: all(0), std: all(1) };
  if (normalization === "imagenet" && channels === 1) {
    const average = (values: readonly number[]): number[] => [
      values.reduce((sum, value) => sum + value) / values.length,
    ];
    return { mean: average(imagenet.mean), std: average(imagenet.std) };
  }
  const [mean = [], std = []] = normalization.split("/").map((part) => part.split(",").map(Number));
  const given = normalization === "imagenet" ? imagenet : { mean, std };
  const fits =
    [given.mean, given.std].every(({ length }) => length === channels) && given.std.every((each) => each > 0);
  assertArgument(fits, "normalization", `${channels} means and as many deviations > 0`, normalization);
  return given;
}

/** Pixels [N, C, …] as values in [0, 1], for models that take floats, less the mean and divided by the deviation. */
export function normalizedPixels({ data, dtype, shape }: Tensor, { mean, std }: PixelNormalization): Float32Array {
  const [, channels = 1, ...rest] = shape;
  const perChannel = sizeOf(rest);
  const unit = dtype === "uint8" ? 255 : 1;
  return Float32Array.from(data as ArrayLike<number>, (value, at) => {
    const channel = Math.floor(at / perChannel) % channels;
    return (value / unit - mean[channel]!) / std[channel]!;
  });
}
