import type { WeightTensor } from "../dynamics/index.js";
import type { EvaluationResult } from "./evaluation.js";
import { meanDirectionCosine } from "./layer-records.js";
import type { OverflowState } from "./overflow.js";
import type { EpochBasics, EpochRecord, LayerRecord, Progress } from "./records.js";

type Weights = Readonly<Record<string, WeightTensor>>;

/** What is known at the end of an epoch; V is what the evaluation found. */
export interface EpochEnd<V> {
  /** Where training stands, the sums being those of the epoch. */
  readonly progress: Progress;
  /** From 1. */
  readonly epoch: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
  readonly layers: Readonly<Record<string, LayerRecord>>;
  readonly itemsPerSecond: number;
  readonly verdict: V | undefined;
  /** The scale-invariant weights, and those to compare their directions with. */
  readonly weights: Weights;
  readonly reference: Weights | undefined;
  readonly cappedChannels: number | undefined;
}

/** What the log's line of an epoch says in any training. */
export function epochBasics(end: EpochEnd<unknown>): EpochBasics {
  const { progress, epoch, learningRate, layers, weights, reference, cappedChannels } = end;
  return {
    type: "epoch",
    epoch,
    step: progress.step,
    learningRate,
    trainLoss: progress.lossSum / progress.lossWeight,
    layers,
    ...(reference ? { directionCosine: directionCosines(weights, reference) } : {}),
    ...(cappedChannels === undefined ? {} : { cappedChannels }),
    ...(progress.overflow ? overflowFields(progress.overflow) : {}),
  };
}

function overflowFields(overflow: OverflowState) {
  const { goodSteps: _, overflowsInRow: __, ...logged } = overflow;
  return logged;
}

/** The log's line of an epoch of image classification. */
export function imageEpochRecord(end: EpochEnd<EvaluationResult>, batch: number): EpochRecord {
  const { progress, stepsPerEpoch, verdict, itemsPerSecond } = end;
  return {
    ...epochBasics(end),
    trainAccuracy: (100 * progress.counts.correct!) / (stepsPerEpoch * batch),
    ...(verdict ? { validationLoss: verdict.loss, validationAccuracy: verdict.accuracy } : {}),
    imagesPerSecond: itemsPerSecond,
  };
}

function directionCosines(weights: Weights, reference: Weights): Record<string, number> {
  const names = Object.keys(weights);
  return Object.fromEntries(names.map((name) => [name, meanDirectionCosine(weights[name]!, reference[name]!)]));
}
