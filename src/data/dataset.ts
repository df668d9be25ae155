import type { Tensor } from "../core/index.js";

/** Pixels of images in memory, [n, channels, height, width], row-major; bytes stand for value / 255. */
export type Pixels = Uint8Array | Float32Array;

/** Images in files, more than fit into memory: each is decoded when a batch needs it. */
export interface ImageFiles {
  /** The path of each, below one folder. */
  readonly paths: readonly string[];
  /** The size of each file, in bytes. */
  readonly sizes: readonly number[];
  /**
   * Decodes one, as bytes [3, size, size].
   * @throws DataError naming the file if it cannot be read or decoded.
   */
  readonly read: (path: string, view: ImageView) => Promise<Uint8Array>;
}

/** What a batch wants of an image in a file. Plain data, so that threads can be handed it. */
export interface ImageView {
  /** Height and width. */
  readonly size: number;
  /** What a random view follows from; the centre of the image, unchanged, if absent. */
  readonly training?: {
    readonly seed: number;
    readonly epoch: number;
    readonly row: number;
    readonly augmentation: Augmentation;
  };
}

/** What all sets of labelled images have. */
interface LabelledImages {
  /** What it is, for logs and reports, such as `CIFAR-10`. */
  readonly name: string;
  /** The class of each image, from 0 to `classes.length − 1`. */
  readonly labels: Int32Array;
  /** Shape of one image. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Name of each class. */
  readonly classes: readonly string[];
}

/** Labelled images in memory, as they came: pixels stay bytes until the training graph normalizes them. */
export interface ImagesInMemory extends LabelledImages {
  readonly images: Pixels;
}

/** Labelled images in files. */
export interface ImagesInFiles extends LabelledImages {
  readonly images: ImageFiles;
}

/** Labelled images. */
export type ImageDataset = ImagesInMemory | ImagesInFiles;

/** Whether the images of a dataset are in memory. */
export function isInMemory(dataset: ImageDataset): dataset is ImagesInMemory {
  return ArrayBuffer.isView(dataset.images);
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
  /** For images in files, instead of `crop`: resizes a random region; their centre is taken if absent. */
  readonly resizedCrop?: ResizedCrop;
}

/** Which regions of an image are cut out at random and resized (Szegedy et al. 2015, §6). */
export interface ResizedCrop {
  /** Least and largest part of the image's area; [0.08, 1] if absent. */
  readonly scale?: readonly [least: number, largest: number];
  /** Least and largest width / height; [3/4, 4/3] if absent. */
  readonly ratio?: readonly [least: number, largest: number];
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
