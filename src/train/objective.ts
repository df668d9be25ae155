import type { Scope, Tensors, Value } from "../graph/index.js";

/** The sizes from which the shapes of all a batch's tensors follow: `[images]`, `[sentences, sourceLength, targetLength]`. */
export type BatchShape = readonly number[];

/** What training minimizes: a network and its loss, on batches that may come in several shapes. */
export interface Objective {
  /**
   * Adds the forward pass over one batch to the scope's graph. Its inputs are named as the batch's feeds; its parameters
   * and buffers are the same for every shape.
   */
  apply(scope: Scope, shape: BatchShape): ForwardPass;
  /** The count that the loss is a mean over, by which an epoch's mean weighs its batches; absent: all weigh alike. */
  readonly weight?: string;
}

/** What a forward pass over a batch gives. */
export interface ForwardPass {
  /** The mean loss, a scalar; its gradient is what trains. */
  readonly loss: Value;
  /** Scalars that an epoch adds up, by name: right answers, tokens. */
  readonly counts: Readonly<Record<string, Value>>;
}

/** A batch as a step takes it. */
export interface StepBatch {
  readonly shape: BatchShape;
  /** Tensors by the names of the objective's inputs. */
  readonly feeds: Tensors;
  /** What training speed counts: images, tokens. */
  readonly items: number;
}

/** Gives the batches of a training, each a pure function of its place, so that a resumed run sees the same ones. */
export interface StepBatchSource {
  readonly batchesPerEpoch: number;
  /** The batch at a place; epochs and indices count from 0. */
  batch(epoch: number, index: number): Promise<StepBatch>;
  /** Frees what the source holds. */
  close(): Promise<void>;
}
