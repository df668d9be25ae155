import { assertArgument, type Tensor, tensor } from "../core/index.js";
import type { ImageDataset } from "../data/index.js";
import type { State } from "../graph/index.js";
import { toOnnx } from "../onnx/index.js";
import type { EvaluationResult, Evaluator } from "./evaluation.js";
import type { ImageNetwork } from "./image-network.js";
import { inferenceProgram } from "./image-programs.js";
import { epsilonScaleInput } from "./network-scope.js";

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
  logits(images: ImageDataset["images"]): Promise<Float32Array>;
  /** The class of each image; pixels [n, C, H, W] as the network was trained on. */
  predict(images: ImageDataset["images"]): Promise<Int32Array>;
  /**
   * The evaluation graph as an ONNX file: input `images` [batch, C, H, W] as trained on (normalization is inside),
   * output `logits` [batch, classes]; any batch.
   */
  toOnnx(): Promise<Uint8Array>;
}

interface TrainedParts {
  readonly network: ImageNetwork;
  readonly state: State;
  readonly judge: Evaluator;
  readonly epsilonScale: number;
  readonly classes: readonly string[];
}

/** Wraps a state and the network that it belongs to. */
export function trainedModel({ network, state, judge, epsilonScale, classes }: TrainedParts): TrainedModel {
  function unlabelled(images: ImageDataset["images"]): ImageDataset {
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
    async toOnnx() {
      const scalesEpsilon = epsilonScale !== 1;
      const program = inferenceProgram(network, 1, { scalesEpsilon });
      const held = await state.read(
        [...program.graph.inputs.keys()].filter((name) => name !== "images" && name !== epsilonScaleInput),
      );
      const constants = { ...held, ...(scalesEpsilon ? { [epsilonScaleInput]: tensor([epsilonScale], []) } : {}) };
      return toOnnx(program, { constants, freeBatch: true });
    },
  };
}
