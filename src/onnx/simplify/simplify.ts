import {
  copyLeaf,
  Graph,
  neededValues,
  type Primitive,
  type Program,
  resultsOf,
  type Value,
  withResults,
} from "../../graph/index.js";
import { keyOf } from "../key-of.js";
import { rules } from "./rules.js";

/** Applies a primitive in the simplified graph, simplifying it on the way. */
export type Make = <P extends object>(primitive: Primitive<string, P>, inputs: readonly Value[], params: P) => Value;

/** Makes the values of a graph, and gives equal ones only once. */
export interface Rewriting {
  readonly make: Make;
  /** A value of another graph, whose inputs have been renewed. */
  copy(value: Value, renewed: (input: Value) => Value): Value;
}

/** Begins to fill a graph with simplified values. */
export function rewriting(graph: Graph): Rewriting {
  const applied = new Map<string, Value>();
  const make: Make = (primitive, inputs, params) => {
    for (const rule of rules) {
      const better = rule({ primitive: primitive as unknown as Primitive, inputs, params, make });
      if (better) return better;
    }
    const key = keyOf([primitive.name, params, inputs.map((input) => input.id)]);
    const known = applied.get(key) ?? graph.apply(primitive, inputs, params);
    applied.set(key, known);
    return known;
  };
  return {
    make,
    copy(value, renewed) {
      const { source } = value;
      if (source.kind !== "apply") return copyLeaf(value, graph)!;
      return make(source.primitive, source.inputs.map(renewed), source.params);
    },
  };
}

/**
 * An equal program with fewer passes over memory: equal values become one, what no result depends on goes, and the
 * `rules` rewrite what differentiation leaves behind. In real numbers nothing changes; in floating point, the
 * order of some products and sums.
 */
export function simplify(program: Program): Program {
  const graph = new Graph();
  const { copy } = rewriting(graph);
  const renewed = new Map<Value, Value>();
  const get = (value: Value): Value => renewed.get(value)!;
  for (const value of neededValues(resultsOf(program))) renewed.set(value, copy(value, get));
  return withResults(program, graph, get);
}
