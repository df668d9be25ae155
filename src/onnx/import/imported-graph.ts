import type { ScaleInvariance, Scope, Value } from "../../graph/index.js";
import type { OnnxFile, OnnxNode } from "./onnx-file.js";

/** What a batch-norm of a file is made of. */
export interface NormToImport {
  /** [N, C, …]. */
  readonly x: Value;
  /** γ and β, [C]. */
  readonly gain: Value;
  readonly shift: Value;
  readonly epsilon: number;
}

/** Options of `importOnnx`. */
export interface ImportOptions {
  /** The model's inputs, by name: values of the scope's graph. Their shapes decide all others. */
  readonly inputs: Readonly<Record<string, Value>>;
  /**
   * What stands for an operator that is not known: an error naming all of them, or a value that can be analysed around
   * but not executed. `error` by default.
   */
  readonly unknown?: "error" | "opaque";
  /** Whether a parameter's scale matters, by its name, where that has been analysed; `none` by default. */
  readonly invarianceOf?: (parameter: string) => ScaleInvariance;
  /** Makes what a batch-norm gives, in place of the import's own rule; its running statistics are not declared then. */
  readonly batchNorm?: (norm: NormToImport) => Value;
  /** Parameters that are not to be trained, by name: they become buffers that stay as they are. None by default. */
  readonly frozen?: (parameter: string) => boolean;
}

/** An operator of a file that could not be followed. */
export interface UnknownOperator {
  /** With its domain, such as `com.microsoft::FusedConv`. */
  readonly operator: string;
  /** Names of the nodes. */
  readonly nodes: readonly string[];
  /** Why, where the operator as such is known: an attribute or a rank that is not supported. */
  readonly reason?: string;
}

/** A batch-norm of a file. */
export interface ImportedBatchNorm {
  readonly node: OnnxNode;
  /** What it normalizes, [N, C, …], and what it gives. */
  readonly input: Value;
  readonly output: Value;
  readonly epsilon: number;
  /** Names of the tensors in the file: γ, β, running mean and running variance. */
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

/** A model of a file as part of a graph. Its parameters and buffers are declared in the scope, under the file's names. */
export interface ImportedGraph {
  readonly file: OnnxFile;
  /** By the names that the file gives them. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** The node that each value was made for. */
  readonly origins: ReadonlyMap<Value, OnnxNode>;
  readonly batchNorms: readonly ImportedBatchNorm[];
  readonly unknown: readonly UnknownOperator[];
  /** The initializer (or constant node's output) that holds each parameter, by the parameter's name. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Puts a file's model into the graph of a scope; in training mode its batch-norms use the batch's statistics. */
export type ImportOnnx = (file: OnnxFile, scope: Scope, options: ImportOptions) => ImportedGraph;
