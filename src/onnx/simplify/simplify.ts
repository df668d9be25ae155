import { copyConstant, Graph, neededValues, type Primitive, type Program, type Value } from "../../graph/index.js";
import { keyOf } from "../key-of.js";
import { rules } from "./rules.js";

/** Applies a primitive in the simplified graph, simplifying it on the way. */
export type Make = <P extends object>(primitive: Primitive<string, P>, inputs: readonly Value[], params: P) => Value;

/**
 * An equal program with fewer passes over memory: equal values become one, what no result depends on goes, and the
 * `rules` rewrite what differentiation leaves behind. In real numbers nothing changes; in floating point, the
 * order of some products and sums.
 */
export function simplify({ outputs, updates }: Program): Program {
  const graph = new Graph();
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

  const renewed = new Map<Value, Value>();
  for (const value of neededValues([...Object.values(outputs), ...Object.values(updates ?? {})])) {
    renewed.set(value, renew(value, graph, renewed, make));
  }
  const all = (values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, renewed.get(value)!]));
  return { graph, outputs: all(outputs), ...(updates ? { updates: all(updates) } : {}) };
}

function renew(value: Value, graph: Graph, renewed: ReadonlyMap<Value, Value>, make: Make): Value {
  const { source, shape, dtype } = value;
  if (source.kind === "input") return graph.input(source.name, shape, dtype);
  if (source.kind === "apply") {
    const inputs = source.inputs.map((input) => renewed.get(input)!);
    return make(source.primitive, inputs, source.params);
  }
  return copyConstant(value, graph);
}
