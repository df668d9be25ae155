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
  /** Whether an operand is computed before anything of the value's region is. */
  isOutside(operand: Value, value: Value): boolean;
}

/**
 * Sorts values into kinds. Two of one kind are trees of the same exact primitives with the same parameters and the same
 * scalars, that end in vectors of any lengths. Two regions of a graph have kinds: its *end*, the values on which no large
 * one depends, and its *start*, the values that depend on no large one. Computing together waits for the last
 * operand, which delays nothing large in either.
 *
 * The *stage* of a value is the number of values without a kind on the longest path to it within its region. It is part of
 * the kind, so whatever is computed together depends on earlier stages only: on no path does a value of a kind come back
 * to that kind.
 *
 * @param values In topological order.
 */
export function kindsOf(values: readonly Value[]): Kinds {
  const regions = regionsOf(values);
  const stages = new Map<Value, number>();
  const kinds = new Map<Value, number>();
  const numbers = new Map<string, number>();
  for (const value of values) {
    const { source } = value;
    const region = regions.get(value);
    if (source.kind !== "apply" || !region) continue;
    const within = source.inputs.filter((input) => regions.get(input) === region);
    const stage = Math.max(0, ...within.map((input) => stages.get(input) ?? 0));
    const vectors = [value, ...source.inputs.filter(({ shape }) => sizeOf(shape) > 1)];
    const fits = exact.has(source.primitive.name) && vectors.every(isShortVector);
    stages.set(value, fits ? stage : stage + 1);
    if (!fits) continue;
    const params = source.primitive.name === "reshape" ? {} : source.params;
    const operands = source.inputs.map((input) => {
      if (sizeOf(input.shape) === 1) return `the ${input.id}`;
      return regions.get(input) === region ? (kinds.get(input) ?? formOf(input)) : formOf(input);
    });
    const key = keyOf([source.primitive.name, params, formOf(value), region, stage, operands]);
    const kind = numbers.get(key) ?? numbers.size;
    numbers.set(key, kind);
    kinds.set(value, kind);
  }
  return {
    of: (value) => kinds.get(value),
    isOutside: (operand, value) => regions.get(operand) !== regions.get(value),
  };
}

const isShortVector = ({ shape }: Value): boolean => longAxis(shape) !== undefined && sizeOf(shape) <= largest;

type Region = "start" | "end";

/** The region of each value that is in one; the end's, of those that are in both. */
function regionsOf(values: readonly Value[]): Map<Value, Region> {
  const regions = new Map<Value, Region>();
  for (const value of values) {
    const { source, shape } = value;
    const isGiven = source.kind !== "apply" || source.inputs.every((input) => regions.get(input) === "start");
    if (isGiven && sizeOf(shape) <= largest) regions.set(value, "start");
  }
  const beforeLarge = new Set<Value>();
  for (const value of [...values].reverse()) {
    const { source, shape } = value;
    if (sizeOf(shape) > largest) beforeLarge.add(value);
    if (source.kind !== "apply") continue;
    if (!beforeLarge.has(value)) regions.set(value, "end");
    else for (const input of source.inputs) beforeLarge.add(input);
  }
  return regions;
}
