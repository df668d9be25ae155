import { expectation, isFloating, ShapeError } from "../core/index.js";
import type { Graph, Value } from "./graph.js";

/**
 * A constant of one graph in another.
 * @throws ShapeError if the value is no constant.
 */
export function copyConstant({ source, shape, dtype }: Value, graph: Graph): Value {
  if (source.kind !== "constant") throw new ShapeError(expectation("copyConstant", "a constant", source.kind));
  const { tensor } = source;
  // A scalar that holds more digits than its dtype was made from a number, and is made from it again.
  const exact = shape.length === 0 && isFloating(dtype) && (tensor.dtype === "float64" || tensor.dtype === "float32");
  return exact ? graph.constant(Number(tensor.data[0]), dtype) : graph.constant(tensor);
}

/** An input or a constant in another graph; nothing for the application of a primitive. */
export function copyLeaf(value: Value, graph: Graph): Value | undefined {
  const { source, shape, dtype } = value;
  if (source.kind === "input") return graph.input(source.name, shape, dtype);
  return source.kind === "constant" ? copyConstant(value, graph) : undefined;
}
