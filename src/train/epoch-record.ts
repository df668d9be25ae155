import type { WeightTensor } from "../dynamics/index.js";
import type { EvaluationResult } from "./evaluation.js";
import { meanDirectionCosine } from "./layer-records.js";
import type { EpochRecord, LayerRecord, Progress } from "./records.js";

type Weights = Readonly<Record<string, WeightTensor>>;

/** What is known at the end of an epoch. */
export interface EpochEnd {
  /** Where training stands, the sums being those of the epoch. */
  readonly progress: Progress;
  readonly stepsPerEpoch: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly layers: Readonly<Record<string, LayerRecord>>;
  readonly imagesPerSecond: number;
  readonly verdict: EvaluationResult | undefined;
  /** The scale-invariant weights, and those to compare their directions with. */
  readonly weights: Weights;
  readonly reference: Weights | undefined;
  readonly cappedChannels: number | undefined;
}

/** The log's line of an epoch. */
export function epochRecord(end: EpochEnd): EpochRecord {
  const { progress, stepsPerEpoch, verdict, weights, reference, cappedChannels } = end;
  const { step, lossSum, correct } = progress;
  return {
    type: "epoch",
    epoch: step / stepsPerEpoch,
    step,
    learningRate: end.learningRate,
    trainLoss: lossSum / stepsPerEpoch,
    trainAccuracy: (100 * correct) / (stepsPerEpoch * end.batch),
    ...(verdict ? { validationLoss: verdict.loss, validationAccuracy: verdict.accuracy } : {}),
    layers: end.layers,
    ...(reference ? { directionCosine: directionCosines(weights, reference) } : {}),
    ...(cappedChannels === undefined ? {} : { cappedChannels }),
    imagesPerSecond: end.imagesPerSecond,
  };
}

function directionCosines(weights: Weights, reference: Weights): Record<string, number> {
  const names = Object.keys(weights);
  return Object.fromEntries(names.map((name) => [name, meanDirectionCosine(weights[name]!, reference[name]!)]));
}
