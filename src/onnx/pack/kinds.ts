import { sizeOf } from "../../core/index.js";
import type { PrimitiveName, Value } from "../../graph/index.js";
import { keyOf } from "../key-of.js";
import { formOf, longAxis } from "./vector-like.js";

/** Beyond so many elements a value is large: one operator costs more time at its elements than at being called. */
const largest = 16_384;

/**
 * What gives the same bits wherever an element lies in its vector: operations that IEEE 754 rounds exactly, and those that
 * round nothing. An exponential does not: the last few elements of a vector are computed by other instructions.
 */
const exact: ReadonlySet<string> = new Set<PrimitiveName>([
  "add",
  "sub",
  "mul",
  "div",
  "maximum",
  "minimum",
  "greater",
  "equal",
  "neg",
  "abs",
  "sign",
  "step",
  "sqrt",
  "reciprocal",
  "relu",
  "asin",
  "where",
  "cast",
  "reshape",
]);

/** Values that are computed alike from vectors of whatever length. */
export interface Kinds {
  /** The kind of a value that may be computed with others of its kind; undefined: it may not. */
  of(value: Value): number | undefined;
}

/**
 * Sorts values into kinds. Two of one kind are trees of the same exact primitives with the same parameters and the same
 * scalars, that end in vectors of any lengths. Only small values on which no large one depends have a kind, so that
 * computing them together, which waits for the last of their operands, delays nothing large.
 *
 * The *stage* of a value is the number of values without a kind, among those on which nothing large depends, on the
 * longest path to it. It is part of the kind, so whatever is computed together depends on earlier stages only: on no path
 * does a value of a kind come back to that kind.
 *
 * @param values In topological order.
 */
export function kindsOf(values: readonly Value[]): Kinds {
  const ends = endsOf(values);
  const stages = new Map<Value, number>();
  const kinds = new Map<Value, number>();
  const numbers = new Map<string, number>();
  for (const value of values) {
    const { source } = value;
    if (source.kind !== "apply" || !ends.has(value)) continue;
    const stage = Math.max(0, ...source.inputs.map((input) => stages.get(input) ?? 0));
    const vectors = [value, ...source.inputs.filter(({ shape }) => sizeOf(shape) > 1)];
    const fits = exact.has(source.primitive.name) && vectors.every(({ shape }) => longAxis(shape) !== undefined);
    stages.set(value, fits ? stage : stage + 1);
    if (!fits) continue;
    const params = source.primitive.name === "reshape" ? {} : source.params;
    const operands = source.inputs.map((input) =>
      sizeOf(input.shape) === 1 ? `the ${input.id}` : (kinds.get(input) ?? formOf(input)),
    );
    const key = keyOf([source.primitive.name, params, formOf(value), stage, operands]);
    const kind = numbers.get(key) ?? numbers.size;
    numbers.set(key, kind);
    kinds.set(value, kind);
  }
  return { of: (value) => kinds.get(value) };
}

/** The values on which none that is large depends, themselves included. */
function endsOf(values: readonly Value[]): Set<Value> {
  const others = new Set<Value>();
  for (const value of [...values].reverse()) {
    const { source, shape } = value;
    if (sizeOf(shape) > largest) others.add(value);
    if (source.kind === "apply" && others.has(value)) for (const input of source.inputs) others.add(input);
  }
  return new Set(values.filter((value) => !others.has(value)));
}
