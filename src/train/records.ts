import type { Tensor } from "../core/index.js";
import type { OverflowPlace, OverflowState } from "./overflow.js";

/** Smallest, middle and largest value over a layer's channels. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** What was measured of one scale-invariant weight at a step. */
export interface LayerRecord {
  /** 2-norm of each channel's weights, before the step. */
  readonly norm: Spread;
  /** η/‖w‖² of each channel, per step. */
  readonly effectiveRate: Spread;
  /** Radians that each channel's direction turned in the step. */
  readonly rotation: Spread;
}

/** A line of the log: the layers, by weight name, at a step. */
export interface LayersRecord {
  readonly type: "layers";
  /** The measured step, counted from 1. */
  readonly step: number;
  readonly layers: Readonly<Record<string, LayerRecord>>;
}

/** What a line of the log says of an epoch in any training. */
export interface EpochBasics {
  readonly type: "epoch";
  /** From 1. */
  readonly epoch: number;
  /** Steps taken by the end of the epoch. */
  readonly step: number;
  /** η of the schedule at the epoch's last step, per step. */
  readonly learningRate: number;
  /** Mean loss over the epoch's training batches, in nats; per token where the objective counts tokens. */
  readonly trainLoss: number;
  /** The layers at the epoch's last step, by weight name. */
  readonly layers: Readonly<Record<string, LayerRecord>>;
  /** Cosine between each weight's direction and the reference run's, mean over channels; with a reference only. */
  readonly directionCosine?: Readonly<Record<string, number>>;
  /** Channels whose correction was capped so far, counted over steps. */
  readonly cappedChannels?: number;
  /** In half precision: what the loss of the next step is multiplied by. */
  readonly lossScale?: number;
  /** In half precision: steps that were skipped so far, since a gradient or the loss was not finite; and the first one. */
  readonly overflowSteps?: number;
  readonly firstOverflow?: OverflowPlace;
  /** In half precision: normalizations whose statistics were not finite so far, over layers and steps; and the first one. */
  readonly overflowStatistics?: number;
  readonly firstOverflowStatistic?: OverflowPlace;
}

/** A line of the log: the first step that was skipped in half precision. */
export interface OverflowRecord extends OverflowPlace {
  readonly type: "overflow";
}

/** A line of the log: an epoch of image classification. */
export interface EpochRecord extends EpochBasics {
  /** Per cent of the (augmented) training images that were right when they were met. */
  readonly trainAccuracy: number;
  /** Mean cross-entropy on the validation images; absent without any. */
  readonly validationLoss?: number;
  /** Per cent. */
  readonly validationAccuracy?: number;
  /** Training speed over the epoch, evaluation not counted. Differs from run to run. */
  readonly imagesPerSecond: number;
}

/** Norms and rotations of one weight's channels at a step, in full. */
export interface NormRow {
  readonly layer: string;
  /** The step, counted from 1. */
  readonly step: number;
  /** 2-norms before the step. */
  readonly norm: Float32Array;
  /** Radians turned in the step. */
  readonly rotation: Float32Array;
  /** ‖w‖‖g‖: 2-norms of the gradient with respect to the weight at unit norm; where gradients are measured only. */
  readonly gradient?: Float32Array;
}

/** What a checkpoint says beside its tensors. All of it is the same in a resumed run as in an uninterrupted one. */
export interface Progress {
  /** Steps taken. */
  readonly step: number;
  /** In the epoch under way: the sum of the batches' losses, each times its weight, and of the weights. */
  readonly lossSum: number;
  readonly lossWeight: number;
  /** Sums of the objective's counts in the epoch under way. */
  readonly counts: Readonly<Record<string, number>>;
  readonly cappedChannels: number;
  /** In half precision. */
  readonly overflow?: OverflowState;
  /** The epoch with the best verdict so far, and its score: for images, the validation accuracy in per cent. */
  readonly best?: { readonly epoch: number; readonly score: number };
}

/** Nothing done yet. */
export const freshProgress: Progress = { step: 0, lossSum: 0, lossWeight: 0, counts: {}, cappedChannels: 0 };

/** Adds counts by name. */
export function addCounts(sums: Progress["counts"], counts: Progress["counts"]): Progress["counts"] {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, (sums[name] ?? 0) + count]));
}

/** Tensors by state name, and the progress they belong to. */
export interface Checkpoint {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly progress: Progress;
}

/** Where a training leaves its records: a run folder, or nothing. */
export interface Recorder<R extends EpochBasics = EpochRecord> {
  /** All weights of one step. */
  norms(rows: readonly NormRow[]): void | Promise<void>;
  /** One line of the log. */
  log(record: R | LayersRecord | OverflowRecord): void | Promise<void>;
  /** Replaces the checkpoint of that name. */
  checkpoint(name: "last" | "best", checkpoint: Checkpoint): void | Promise<void>;
  /** The scale-invariant weights at the end of an epoch. */
  snapshot?(epoch: number, weights: Readonly<Record<string, Tensor>>): void | Promise<void>;
}
