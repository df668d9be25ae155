import { expectation, InvalidArgumentError } from "../../core/index.js";
import type { Runtime, Tensors } from "../../graph/index.js";
import type { Metric } from "../../norm/index.js";
import {
  editOnnx,
  foldBatchNorms,
  type NormStatistics,
  type OnnxFile,
  readOnnx,
  replaceStatistics,
  toEvaluationForm,
} from "../../onnx/index.js";
import { spreadOf } from "../spread-of.js";
import { calibrate } from "./calibrate.js";
import { type LayerDistance, outputDistances } from "./distances.js";

/** How a model's batch-norms are to be replaced. */
export interface SwapOptions {
  /** What measures the scale instead. */
  readonly metric: Metric;
  /** What is measured on: feeds of the model's inputs, all of one shape. */
  readonly calibration: () => AsyncIterable<Tensors> | Iterable<Tensors>;
  readonly runtime: Runtime;
  /** Whether batch-norms become part of what is before them, where they can; false by default. */
  readonly fold?: boolean;
}

/** What became of one batch-norm. */
export interface SwappedNorm extends LayerDistance {
  /** Name of its node. */
  readonly name: string;
  /** Of the new divisor to the old one, √(running variance + ε), over the channels. */
  readonly ratio: { readonly median: number; readonly least: number; readonly greatest: number };
}

/** A model whose batch-norms measure by another metric. */
export interface SwappedModel {
  /** The bytes of an `.onnx` file of standard operators, with the inputs and outputs of the original. */
  readonly bytes: Uint8Array;
  readonly norms: readonly SwappedNorm[];
  /** ‖after − before‖ / ‖before‖ of each output, on the first batch. */
  readonly outputs: Readonly<Record<string, number>>;
  /** How many batches were measured. */
  readonly batches: number;
}

/**
 * Replaces the metric of every batch-norm of a trained model. In evaluation a batch-norm only subtracts a number and
 * divides by one, so that the model keeps its operators and gets other numbers: the means over the calibration batches of the
 * mean and of C(n)·s, in the new metric (Hoffer et al. 2018, section 3), n being the values of a batch that a channel has.
 *
 * @param bytes The model, in training or evaluation form; its data inside.
 * @param file The same, read.
 * @throws InvalidArgumentError if it has no batch-norm, or no batch is given; DataError for operators that are not known.
 * @example
 * const { bytes } = await swapMetric(original, readOnnx(original), { metric: l1(), calibration: () => batches, runtime });
 */
export async function swapMetric(bytes: Uint8Array, file: OnnxFile, options: SwapOptions): Promise<SwappedModel> {
  const { metric, calibration, runtime, fold = false } = options;
  if (!file.nodes.some(({ operator }) => operator === "BatchNormalization")) {
    const fix =
      "exporters for evaluation make them part of the convolutions: export with training=TrainingMode.TRAINING";
    throw new InvalidArgumentError(expectation("swap", "a model with batch-norms", "none", fix));
  }
  const { statistics, batches } = await calibrate(file, metric, runtime, calibration());
  if (batches === 0) throw new InvalidArgumentError(expectation("swap", "at least one calibration batch", 0));
  const plain = editOnnx(bytes, toEvaluationForm, replaceStatistics(statistics));
  const first = await firstOf(calibration());
  const { norms, outputs } = await outputDistances(file, readOnnx(plain), runtime, first);
  return {
    bytes: fold ? editOnnx(plain, foldBatchNorms) : plain,
    norms: norms.map((norm, layer) => ({ ...norm, ratio: ratioOf(statistics[layer]!, norm.divisor) })),
    outputs,
    batches,
  };
}

async function firstOf(batches: AsyncIterable<Tensors> | Iterable<Tensors>): Promise<Tensors> {
  for await (const feeds of batches) return feeds;
  throw new InvalidArgumentError(expectation("swap", "at least one calibration batch", 0));
}

function ratioOf({ divisor }: NormStatistics, old: Float64Array): SwappedNorm["ratio"] {
  const { min, median, max } = spreadOf(old.map((value, channel) => divisor[channel]! / value));
  return { median, least: min, greatest: max };
}
