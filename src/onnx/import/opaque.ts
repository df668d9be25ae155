import { expectation, NormwiseError, type Shape } from "../../core/index.js";
import type { Graph, Primitive, Value, ValueType } from "../../graph/index.js";
import type { OnnxFile, OnnxNode } from "./onnx-file.js";

/** Parameters of an {@link opaque} value: the node and which of its outputs it stands for. */
export interface OpaqueParams {
  readonly node: string;
  readonly output: number;
  readonly type: ValueType;
}

/**
 * Stands in a graph for what an operator that is not known would give, so that the rest can be analysed. It is not among
 * the `primitives`: no runtime can compute it, and it has no derivative.
 */
export const opaquePrimitive: Primitive<"opaque", OpaqueParams> = {
  name: "opaque",
  infer: (_inputs, { type }) => type,
  vjp: ({ params: { node } }) => {
    throw new NormwiseError(
      expectation("gradient", "operators that are known", node, "freeze what lies before it, or replace it"),
    );
  },
};

/** Sizes of free names, such as `batch`, by the shapes that the model's inputs have. */
export function freeSizes(
  { inputs }: OnnxFile,
  given: Readonly<Record<string, ValueType>>,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name, shape } of inputs) {
    for (const [axis, size] of (shape ?? []).entries()) {
      const actual = given[name]?.shape[axis];
      if (typeof size === "string" && size !== "?" && actual !== undefined) sizes.set(size, actual);
    }
  }
  return sizes;
}

/** Values that stand for a node's outputs: of the types that the file states, or else of its first input's. */
export function opaqueOutputs(
  graph: Graph,
  file: OnnxFile,
  node: OnnxNode,
  inputs: readonly Value[],
  sizes: ReadonlyMap<string, number>,
): Value[] {
  return node.outputs.map((name, output) => {
    const stated = file.stated.get(name);
    const shape = stated?.shape?.map((size) => (typeof size === "string" ? sizes.get(size) : size));
    const known = shape?.every((size) => size !== undefined && size >= 1) ? (shape as Shape) : inputs[0]?.shape;
    const type: ValueType = { shape: known ?? [], dtype: stated?.dtype ?? "float32" };
    return graph.apply(opaquePrimitive, inputs, { node: node.name, output, type });
  });
}
