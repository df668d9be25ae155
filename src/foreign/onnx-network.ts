import {
  assertArgument,
  DataError,
  expectation,
  InvalidArgumentError,
  randomStream,
  type Shape,
  type Tensor,
} from "../core/index.js";
import { isInvariantAlone } from "../dynamics/index.js";
import { broadcastTo, type Layer, reshape, type ScaleInvariance, type Value } from "../graph/index.js";
import { uniformFanIn } from "../nn/index.js";
import {
  convertTensor,
  editOnnx,
  foldBatchNorms,
  importOnnx,
  type OnnxFile,
  type OnnxPort,
  readOnnx,
  replaceHead,
  replaceTensors,
  restateSizes,
  toEvaluationForm,
} from "../onnx/index.js";
import { invarianceOf } from "./invariance-of.js";
import { modelGraph } from "./model-graph.js";

/** Options of {@link onnxNetwork}. */
export interface OnnxNetworkOptions {
  /** Classes of the data: how many logits there must be. */
  readonly classes: number;
  /** Whether the last linear layer is replaced by a new one for these classes; false by default. */
  readonly newHead?: boolean;
  /** The new head's initial values follow from it; 1 by default. */
  readonly seed?: number;
  /** Parameters whose name one of these matches are not trained: they stay as they are. None by default. */
  readonly freeze?: readonly RegExp[];
  /** Whether the one channel of grey images is given to a model of three as each of them; false by default. */
  readonly repeatGray?: boolean;
}

/** A model of an ONNX file as a network. */
export interface OnnxNetwork extends Layer {
  /** What the file holds, with its new head if it has one. */
  readonly file: OnnxFile;
  /**
   * The file in evaluation form with other tensors, given by the names of parameters and buffers: the same inputs,
   * outputs, names and operator set; sizes that the file fixes and that it has been used without are restated.
   * @param options.fold Whether batch-norms become part of the convolutions before them; false by default.
   */
  write(tensors: Readonly<Record<string, Tensor>>, options?: { readonly fold?: boolean }): Uint8Array;
}

/** Whether a network was made by {@link onnxNetwork}. */
export const isOnnxNetwork = (layer: Layer): layer is OnnxNetwork => "write" in layer && "file" in layer;

/**
 * An image classifier out of an ONNX file as a network to be trained, with the file's weights as initial ones. A `Softmax` at its
 * end is left out of the graph (the loss has its own) and kept in the file. Which weights are scale-invariant is analysed
 * once, when it is first built for training.
 *
 * @param bytes The whole model: what it keeps outside its file must have been brought in.
 * @throws DataError if it is no model that can be followed, or has more than one input. In use: InvalidArgumentError if its
 *   logits are not as many as the classes, if the images' channels are not its own, or if a pattern matches no parameter.
 * @example
 * const network = onnxNetwork(await readFile("resnet18.onnx"), { classes: 10, newHead: true, freeze: [/^layer1/] });
 */
export function onnxNetwork(bytes: Uint8Array, options: OnnxNetworkOptions): OnnxNetwork {
  const { classes, newHead = false, seed = 1, freeze = [], repeatGray = false } = options;
  const model = newHead ? editOnnx(bytes, replaceHead(classes, headValues(seed))) : bytes;
  const file = readOnnx(model);
  const [input] = file.inputs;
  if (input === undefined || file.inputs.length > 1) {
    const got = file.inputs.map(({ name }) => name).join(", ") || "none";
    throw new DataError(expectation("onnxNetwork", "a model with one input, images [N, C, H, W]", got));
  }
  const logits = logitsOf(file);
  let invariances: ReadonlyMap<string, ScaleInvariance> | undefined;
  let sources: ReadonlyMap<string, string> = new Map();
  let used: Shape = [];

  return {
    kind: "onnxNetwork",
    file,
    apply(images, scope) {
      const x = withChannels(images, input, repeatGray);
      if (scope.training) invariances ??= invariancesOf(logits.file, input.name, x);
      const imported = importOnnx(logits.file, scope, {
        inputs: { [input.name]: x },
        invarianceOf: (name) => invariances?.get(name) ?? "none",
        frozen: (name) => freeze.some((pattern) => pattern.test(name)),
      });
      sources = imported.sources;
      used = x.shape;
      requireFrozen(freeze, [...sources.keys()]);
      return classified(imported.outputs[logits.name]!, classes);
    },
    write(tensors, { fold = false } = {}) {
      const held = Object.entries(tensors).flatMap(([name, tensor]): [string, Tensor][] => {
        const initializer = file.initializers.get(sources.get(name) ?? name);
        return initializer ? [[initializer.name, convertTensor(tensor, initializer.dtype)]] : [];
      });
      const weights = replaceTensors(Object.fromEntries(held));
      return editOnnx(model, weights, toEvaluationForm, restateSizes(used), ...(fold ? [foldBatchNorms] : []));
    },
  };
}

/** What PyTorch gives a linear layer. */
const headValues =
  (seed: number) =>
  (name: string, shape: readonly number[], inputs: number): Float32Array =>
    uniformFanIn(inputs)(shape, randomStream(seed, "head", name), () => {
      throw new Error("a new head depends on no other tensor");
    });

/** The file with what a last `Softmax` is taken of as its first output, and that output's name. */
function logitsOf(file: OnnxFile): { readonly file: OnnxFile; readonly name: string } {
  const [output, ...others] = file.outputs;
  if (output === undefined) throw new DataError(expectation("onnxNetwork", "a model with an output", "none"));
  let { name } = output;
  for (;;) {
    const node = file.nodes.find(({ outputs }) => outputs.includes(name));
    if (node?.operator !== "Identity" && node?.operator !== "Softmax") break;
    name = node.inputs[0]!;
  }
  return { name, file: { ...file, outputs: [{ ...output, name }, ...others] } };
}

/**
 * Scale invariance of each parameter as training counts it: of its channels where they are numbered by axis 0, else of
 * the tensor. What has no effect at all does not count.
 */
function invariancesOf(file: OnnxFile, input: string, { shape }: Value): ReadonlyMap<string, ScaleInvariance> {
  const model = modelGraph(file, { given: { [input]: shape }, unknown: "error" });
  const logits = Object.entries(model.outputs).slice(0, 1);
  return new Map(
    invarianceOf({ ...model, outputs: Object.fromEntries(logits) }).map((found) => {
      const { name, invariance, axis, withoutEffect } = found;
      if (withoutEffect || !isInvariantAlone(found)) return [name, "none"];
      return [name, invariance === "channel" && axis === 0 ? "channel" : "tensor"];
    }),
  );
}

function withChannels(images: Value, { name, shape }: OnnxPort, repeatGray: boolean): Value {
  const wanted = shape?.[1];
  const got = images.shape[1];
  if (typeof wanted !== "number" || wanted === got) return images;
  if (got === 1 && repeatGray) return broadcastTo(images, [images.shape[0]!, wanted, ...images.shape.slice(2)]);
  const fix = got === 1 ? "give grey images as all of them with --repeat-gray" : "take other data";
  throw new InvalidArgumentError(expectation(`input ${name}`, `images of ${wanted} channels`, got, fix));
}

/** Logits as [N, classes]; a model may have axes of size 1 behind. */
function classified(logits: Value, classes: number): Value {
  const [batch, count, ...rest] = logits.shape;
  if (batch === undefined || count === undefined || rest.some((size) => size !== 1)) {
    throw new DataError(expectation("onnxNetwork", "logits [N, classes] as first output", `[${logits.shape}]`));
  }
  const fix = "replace the last layer with --new-head, or take other data";
  assertArgument(count === classes, "onnxNetwork", `a logit for each of ${classes} classes`, count, fix);
  return rest.length > 0 ? reshape(logits, [batch, count]) : logits;
}

function requireFrozen(freeze: readonly RegExp[], names: readonly string[]): void {
  for (const pattern of freeze) {
    const some = `${names.slice(0, 4).join(", ")}${names.length > 4 ? ", …" : ""}`;
    const matches = names.some((name) => pattern.test(name));
    assertArgument(matches, "--freeze", `a pattern that matches a parameter (${some})`, pattern.source);
  }
  const trained = names.some((name) => !freeze.some((pattern) => pattern.test(name)));
  assertArgument(
    trained,
    "--freeze",
    "patterns that leave something to train",
    freeze.map(({ source }) => source).join(" "),
  );
}
