import { NormwiseError, type Shape, type Tensor } from "../core/index.js";
import { Graph, type Role, Scope, type Value } from "../graph/index.js";
import { importOnnx, type OnnxFile, type UnknownOperator } from "../onnx/index.js";
import { type CandidateShapeOptions, candidateShapes } from "./input-shapes.js";

/** A normalization over the batch, and the tensors that belong to it. */
export interface NormalizationPlace {
  /** What it is called, for messages. */
  readonly name: string;
  /** Name of γ, where it has one. */
  readonly gain?: string;
  /** Name of the running statistic that stands for what ε is added to, where it keeps one. */
  readonly spread?: string;
  /** p: the statistic is a σᵖ; 2 for a variance. */
  readonly power: number;
  /** Whether a value is one of those that it computes. */
  covers(value: Value): boolean;
}

/** A trained tensor of a model. */
export interface ModelParameter {
  readonly name: string;
  readonly value: Value;
  readonly role: Role;
}

/** A model in a graph of its own, in training form, with the values of its tensors at hand. */
export interface ModelGraph {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly parameters: readonly ModelParameter[];
  /** Tensors that the graph takes but does not train, by name. */
  readonly buffers: readonly string[];
  readonly normalizations: readonly NormalizationPlace[];
  /** What could not be followed. */
  readonly unknown: readonly UnknownOperator[];
  /** What a value is called in the file that it comes from. */
  nameOf(value: Value): string | undefined;
  /** The value of a parameter or of another tensor of the model; undefined if it has none. */
  read(name: string): Tensor | undefined;
}

/** Options of {@link modelGraph}. */
export interface ModelGraphOptions extends CandidateShapeOptions {
  /** Whether operators that are not known are analysed around (`opaque`, the default) or an error. */
  readonly unknown?: "error" | "opaque";
}

/**
 * An ONNX model as a graph in training form: batch-norms take the statistics of the batch, dropout does nothing. The
 * first shapes of its inputs that it can have are taken.
 *
 * @throws ShapeError or DataError if it can have none of them.
 */
export function modelGraph(file: OnnxFile, options: ModelGraphOptions = {}): ModelGraph {
  const candidates = candidateShapes(file.inputs, options);
  for (const [i, shapes] of candidates.entries()) {
    try {
      return withShapes(file, shapes, options);
    } catch (error) {
      if (!(error instanceof NormwiseError) || i === candidates.length - 1) throw error;
    }
  }
  return withShapes(file, {}, options); // a model without inputs
}

function withShapes(file: OnnxFile, shapes: Readonly<Record<string, Shape>>, options: ModelGraphOptions): ModelGraph {
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  const inputs = Object.fromEntries(
    file.inputs.map(({ name, dtype }) => [name, graph.input(name, shapes[name]!, dtype)]),
  );
  const imported = importOnnx(file, scope, { inputs, unknown: options.unknown ?? "opaque" });
  return {
    graph,
    inputs,
    outputs: imported.outputs,
    parameters: scope.parameters,
    buffers: scope.buffers.map(({ name }) => name),
    normalizations: imported.batchNorms.map(({ node, scale, variance, input, output }) => ({
      name: node.name,
      gain: scale,
      spread: variance,
      power: 2,
      covers: (value) => input.id < value.id && value.id <= output.id && imported.origins.get(value) === node,
    })),
    unknown: imported.unknown,
    nameOf: (value) => imported.origins.get(value)?.name,
    read: (name) => file.initializers.get(imported.sources.get(name) ?? name)?.read(),
  };
}
