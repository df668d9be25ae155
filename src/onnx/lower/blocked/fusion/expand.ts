import { copyConstant, Graph, neededValues, type Program, type Value } from "../../../../graph/index.js";
import type { FusedPrimitive } from "./primitives.js";

/** A fused program in the primitives of the graph: what it means. The reference can run it. */
export function expandFused({ outputs, updates }: Program): Program {
  const graph = new Graph();
  const expanded = new Map<Value, Value>();
  for (const value of neededValues([...Object.values(outputs), ...Object.values(updates ?? {})])) {
    expanded.set(value, expand(value, graph, expanded));
  }
  const all = (values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expanded.get(value)!]));
  return { graph, outputs: all(outputs), ...(updates ? { updates: all(updates) } : {}) };
}

function expand(value: Value, graph: Graph, expanded: ReadonlyMap<Value, Value>): Value {
  const { source, shape, dtype } = value;
  if (source.kind === "input") return graph.input(source.name, shape, dtype);
  if (source.kind === "constant") return copyConstant(value, graph);
  const inputs = source.inputs.map((input) => expanded.get(input)!);
  const { primitive, params } = source;
  return "expand" in primitive
    ? (primitive as FusedPrimitive<string, object>).expand(inputs, params)
    : graph.apply(primitive, inputs, params);
}
