import type { Tensor } from "../core/index.js";

/** Labelled images, held in memory as they came: pixels stay bytes until the training graph normalizes them. */
export interface ImageDataset {
  /** What it is, for logs and reports, such as `CIFAR-10`. */
  readonly name: string;
  /** Pixels as [n, channels, height, width], row-major; bytes stand for value / 255. */
  readonly images: Uint8Array | Float32Array;
  /** The class of each image, from 0 to `classes.length − 1`. */
  readonly labels: Int32Array;
  /** Shape of one image. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Name of each class. */
  readonly classes: readonly string[];
}

/** Some images and labels, ready to be fed to a graph. The arrays belong to the caller. */
export interface Batch {
  /** [batch, channels, height, width]. */
  readonly images: Tensor<"uint8" | "float32">;
  /** [batch]. */
  readonly labels: Tensor<"int32">;
  /** Rows that are real; what follows them in a last evaluation batch is padding. */
  readonly size: number;
}

/** Random changes of a training image, drawn anew for each image and epoch (He et al. 2016, §4.2). */
export interface Augmentation {
  /** Pads by so many zero pixels on each side, then crops back to the image's size at random; 0 if absent. */
  readonly crop?: number;
  /** Mirrors left and right with probability 1/2; false if absent. */
  readonly flip?: boolean;
}

/** Where batches come from: of images, if nothing else is said. */
export interface BatchSource<B = Batch> {
  readonly batchesPerEpoch: number;
  /**
   * One batch, whatever was asked before.
   * @throws InvalidArgumentError if the epoch or index is not a count from 0, the index reaches `batchesPerEpoch`, or
   *   the source was closed.
   */
  batch(epoch: number, index: number): Promise<B>;
  /** Frees what the source holds; batches already asked for may fail. */
  close(): Promise<void>;
}
