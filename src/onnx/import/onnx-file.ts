import type { DType, Shape, Tensor } from "../../core/index.js";

/** A size that an ONNX file states, or the name of one that it leaves free; `?` where it says nothing. */
export type StatedSize = number | string;

/** An input or output of a model, as its file states it. */
export interface OnnxPort {
  readonly name: string;
  readonly dtype: DType;
  /** Absent where the file does not even state how many axes there are. */
  readonly shape?: readonly StatedSize[];
}

/** A tensor that a file holds; its elements are read when asked for. */
export interface OnnxInitializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Whether it is a node's constant rather than one of the model's initializers. */
  readonly isConstant: boolean;
  /** The elements, in memory of their own. Throws a DataError if they are cut short or not to be had. */
  read(): Tensor;
}

/**
 * The value of a node's attribute. Integers are numbers, and so is an enumeration. What has no form here, such as a nested
 * graph, is said in words.
 */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | Tensor
  | { readonly other: string };

/** One operation of a model. */
export interface OnnxNode {
  /** Its name, or one made of its operator and its place where it has none. */
  readonly name: string;
  readonly operator: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  /** Names of tensors; an empty one is an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** What an ONNX file holds, checked: names are unique and defined before use, the nodes are in an order of execution. */
export interface OnnxFile {
  /** Version of the standard operators. */
  readonly opset: number;
  readonly producer: string;
  /** Inputs that a run must be given; initializers are not among them. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Tensors in the file, by name: its initializers and what its `Constant` nodes give, which are not among the nodes. */
  readonly initializers: ReadonlyMap<string, OnnxInitializer>;
  /** Tensors that have no dtype here, such as text or 4-bit integers: what they are, by name. */
  readonly unreadable: ReadonlyMap<string, string>;
  readonly nodes: readonly OnnxNode[];
  /** Types that the file states of values between nodes, by name. */
  readonly stated: ReadonlyMap<string, OnnxPort>;
}
