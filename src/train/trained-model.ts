import { assertArgument, type Tensor } from "../core/index.js";
import type { ImageDataset, Pixels } from "../data/index.js";
import { type ExportOptions, exportOnnx, type NetworkState, plainTensors } from "./deployment.js";
import type { EvaluationResult, Evaluator } from "./evaluation.js";

/** A trained network. */
export interface TrainedModel {
  /** Name of each class. */
  readonly classes: readonly string[];
  /** Channels, height, width of the images that it takes. */
  readonly shape: readonly [number, number, number];
  /** Parameters, buffers and the optimizer's kept tensors, by name. */
  tensors(): Promise<Record<string, Tensor>>;
  /** Accuracy, loss, predictions and logits on a set of images, with running statistics. */
  evaluate(data: ImageDataset): Promise<EvaluationResult>;
  /** Logits of each image, row by row: [n × classes]; pixels as for {@link TrainedModel.predict}. */
  logits(images: Pixels): Promise<Float32Array>;
  /** The class of each image; pixels [n, C, H, W] as the network was trained on. */
  predict(images: Pixels): Promise<Int32Array>;
  /**
   * The evaluation graph as an ONNX file: input `images` [batch, C, H, W] as trained on (normalization is inside),
   * output `logits` [batch, classes]; any batch.
   */
  toOnnx(options?: ExportOptions): Promise<Uint8Array>;
  /** Parameters and buffers of the same network built without weight norms; see {@link plainTensors}. */
  plainTensors(): Promise<Record<string, Tensor>>;
}

interface TrainedParts extends NetworkState {
  readonly judge: Evaluator;
  readonly classes: readonly string[];
}

/** Wraps a state and the network that it belongs to. */
export function trainedModel(parts: TrainedParts): TrainedModel {
  const { network, state, judge, epsilonScale, classes } = parts;
  function unlabelled(images: Pixels): ImageDataset {
    const perImage = network.shape.reduce((product, size) => product * size, 1);
    const count = images.length / perImage;
    assertArgument(Number.isInteger(count), "predict", `a multiple of ${perImage} pixel values`, images.length);
    return { name: "", images, labels: new Int32Array(count), shape: network.shape, classes };
  }
  return {
    classes,
    shape: network.shape,
    tensors: () => state.read(),
    evaluate: (data) => judge.evaluate(state, data, epsilonScale),
    logits: async (images) => (await judge.evaluate(state, unlabelled(images), epsilonScale)).logits,
    predict: async (images) => (await judge.evaluate(state, unlabelled(images), epsilonScale)).predictions,
    toOnnx: (options) => exportOnnx(parts, options),
    plainTensors: () => plainTensors(parts),
  };
}
