import type { Value } from "./graph.js";

/** The values that the given ones depend on, themselves included, each after its inputs. */
export function neededValues(results: readonly Value[]): Value[] {
  const graph = results[0]?.graph;
  if (!graph) return [];
  const needed = new Set(results);
  const values: Value[] = [];
  for (let id = Math.max(...results.map((value) => value.id)); id >= 0; id--) {
    const value = graph.values[id]!;
    if (!needed.has(value)) continue;
    values.push(value);
    if (value.source.kind === "apply") for (const input of value.source.inputs) needed.add(input);
  }
  return values.reverse();
}
