import {
  copyLeaf,
  Graph,
  neededValues,
  type Program,
  resultsOf,
  type Value,
  withResults,
} from "../../../../graph/index.js";
import type { FusedPrimitive } from "./primitives.js";

/** A fused program in the primitives of the graph: what it means. The reference can run it. */
export function expandFused(program: Program): Program {
  const graph = new Graph();
  const expanded = new Map<Value, Value>();
  for (const value of neededValues(resultsOf(program))) {
    expanded.set(value, expand(value, graph, expanded));
  }
  return withResults(program, graph, (result) => expanded.get(result)!);
}

function expand(value: Value, graph: Graph, expanded: ReadonlyMap<Value, Value>): Value {
  const { source } = value;
  if (source.kind !== "apply") return copyLeaf(value, graph)!;
  const inputs = source.inputs.map((input) => expanded.get(input)!);
  const { primitive, params } = source;
  return "expand" in primitive
    ? (primitive as FusedPrimitive<string, object>).expand(inputs, params)
    : graph.apply(primitive, inputs, params);
}
