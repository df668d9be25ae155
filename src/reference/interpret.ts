import { expectation, InvalidArgumentError, type Tensor } from "../core/index.js";
import type { Graph, Tensors, Value } from "../graph/index.js";
import { feed, hold, release } from "./held.js";
import type { Held } from "./rule.js";
import { applyRule } from "./rules.js";

/**
 * Computes values of one graph. Only what they depend on is computed, and each intermediate result is dropped after its
 * last use.
 *
 * @param lookup Gives the tensor fed to the graph input of that name.
 * @throws InvalidArgumentError if an input that the values depend on is missing, or of another shape.
 */
export function interpret(wanted: readonly Value[], lookup: (name: string) => Held | undefined): Held[] {
  const graph = wanted[0]?.graph;
  if (graph === undefined) return [];
  const uses = countUses(graph, wanted);
  const held = new Map<number, Held>();
  for (const value of graph.values) {
    if (!uses.has(value.id)) continue;
    const { source } = value;
    if (source.kind === "input") {
      held.set(value.id, feed(source.name, value, lookup(source.name)));
    } else if (source.kind === "constant") {
      // A scalar constant may keep more digits than the dtype it declares.
      held.set(value.id, { ...hold(source.tensor), dtype: value.dtype });
    } else {
      const inputs = source.inputs.map((input) => held.get(input.id)!);
      held.set(value.id, applyRule(source.primitive.name, inputs, source.params, value));
      for (const { id } of source.inputs) {
        const left = uses.get(id)! - 1;
        uses.set(id, left);
        if (left === 0) held.delete(id);
      }
    }
  }
  return wanted.map((value) => held.get(value.id)!);
}

/** How often each needed value is used, by id. A wanted value counts as used once more, so that it stays. */
function countUses(graph: Graph, wanted: readonly Value[]): Map<number, number> {
  const uses = new Map<number, number>();
  const use = ({ id }: Value): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const value of wanted) {
    if (value.graph !== graph) {
      throw new InvalidArgumentError(expectation("reference", "values of one graph", String(value)));
    }
    use(value);
  }
  for (let id = graph.values.length - 1; id >= 0; id--) {
    const { source } = graph.values[id]!;
    if (uses.has(id) && source.kind === "apply") source.inputs.forEach(use);
  }
  return uses;
}

/**
 * Computes values of one graph in float64, at once.
 *
 * @param feeds Graph inputs by name; those that the values do not depend on may be absent.
 * @returns One tensor for each value: float64 where the value is floating, else of its dtype.
 * @throws InvalidArgumentError if a needed input is missing or of another shape.
 * @example
 * const [y] = evaluate([mul(x, 2)], { x: tensor([1, 2, 3]) });
 */
export function evaluate(values: readonly Value[], feeds: Tensors = {}): Tensor[] {
  return interpret(values, (name) => (Object.hasOwn(feeds, name) ? hold(feeds[name]!) : undefined)).map(release);
}
