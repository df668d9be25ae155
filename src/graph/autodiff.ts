import { expectation, isFloating, type Shape, ShapeError, sameShape } from "../core/index.js";
import type { Value } from "./graph.js";
import { add } from "./primitives/elementwise.js";
import { reduceSum } from "./primitives/reduction.js";
import { reshape } from "./primitives/structure.js";

/**
 * Reverse-mode differentiation: gradients of a scalar with respect to any values of its graph, added to that graph.
 *
 * One pass backwards over the values, which are in topological order; nothing recurses, so depth is not limited.
 * A value that the scalar does not depend on gets `undefined`.
 *
 * @throws ShapeError if `scalar` has more than one element or a wanted value is of another graph.
 * @example
 * const [dw] = gradients(loss, [w]);
 */
export function gradients(scalar: Value, wanted: readonly Value[]): (Value | undefined)[] {
  if (!scalar.shape.every((size) => size === 1)) {
    throw new ShapeError(expectation("gradients", "a scalar", `shape [${scalar.shape}]`, "reduce it first"));
  }
  const { graph } = scalar;
  const foreign = wanted.find((value) => value.graph !== graph);
  if (foreign) throw new ShapeError(expectation("gradients", "values of the scalar's graph", String(foreign)));
  const needed = reach(wanted, scalar.id);
  const cotangents = new Map<number, Value>();
  cotangents.set(scalar.id, reshape(graph.constant(1, scalar.dtype), scalar.shape));

  for (let id = scalar.id; id >= 0; id--) {
    const cotangent = cotangents.get(id);
    const value = graph.values[id]!;
    if (cotangent === undefined || value.source.kind !== "apply") continue;
    const { primitive, inputs, params } = value.source;
    if (!inputs.some((input) => needed.has(input.id))) continue;
    const parts = primitive.vjp({ inputs, output: value, params, cotangent });
    for (const [position, part] of parts.entries()) {
      const input = inputs[position]!;
      if (part === undefined || !needed.has(input.id) || !isFloating(input.dtype)) continue;
      const piece = unbroadcast(part, input.shape);
      const sum = cotangents.get(input.id);
      cotangents.set(input.id, sum === undefined ? piece : add(sum, piece));
    }
  }
  return wanted.map((value) => cotangents.get(value.id));
}

/** The ids, up to a last one, of the values that depend on any of the wanted ones. */
function reach(wanted: readonly Value[], last: number): Set<number> {
  const reached = new Set(wanted.map((value) => value.id));
  for (const value of wanted[0]?.graph.values.slice(0, last + 1) ?? []) {
    if (value.source.kind === "apply" && value.source.inputs.some((input) => reached.has(input.id))) {
      reached.add(value.id);
    }
  }
  return reached;
}

/** Sums a gradient back over the axes along which an operand was stretched. */
function unbroadcast(gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const offset = gradient.rank - shape.length;
  const stretched = gradient.shape.flatMap((size, axis) =>
    axis < offset || (shape[axis - offset] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(reduceSum(gradient, stretched), shape);
}
