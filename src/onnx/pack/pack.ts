import { Graph, neededValues, type Program, resultsOf, type Value, withResults } from "../../graph/index.js";
import { rewriting } from "../simplify/simplify.js";
import { type BundleTree, bundler, unbundle } from "./bundle.js";
import { chooseBundles } from "./choose.js";

/**
 * The same program with its small vectors computed side by side: the updates of all gains and shifts, of their momenta, of
 * all running statistics, the angles of all weights' channels. A network has hundreds of vectors of 16 to 2048 elements,
 * and calling an operator costs more than its elements. The bits of all results stay.
 *
 * Two values are computed together where they are of one kind (`kindsOf`), which also keeps the graph without
 * cycles; where a kind has too few values to save an operator, they stay apart.
 */
export function pack(program: Program): Program {
  const results = resultsOf(program);
  const values = neededValues(results);
  const trees = chooseBundles(values, new Set(results));
  if (trees.size === 0) return program;

  const graph = new Graph();
  const { make, copy } = rewriting(graph);
  const renewed = new Map<Value, Value>();
  const single = (value: Value): Value => renewed.get(value)!;
  const compute = bundler(make, single);
  for (const unit of inOrder(values, new Set(results), trees)) {
    if (unit.tree) {
      const { whole } = unit.tree;
      const pieces = unbundle(compute(unit.tree), whole, make);
      for (const [index, value] of whole.entries()) renewed.set(value, pieces[index]!);
    } else {
      renewed.set(unit.value, copy(unit.value, single));
    }
  }
  return withResults(program, graph, single);
}

/** A value by itself, or a bundle. */
type Unit = { readonly value: Value; readonly tree?: undefined } | { readonly tree: BundleTree };

/**
 * All units that the results need, each after what it is computed from. Values keep their order; a bundle comes as soon
 * as it can: ONNX Runtime begins with the last nodes that nothing uses, and with what they depend on. If an update of all
 * shifts came last, all activations would be kept until the whole backward pass is done.
 */
function inOrder(
  values: readonly Value[],
  results: ReadonlySet<Value>,
  trees: ReadonlyMap<Value, BundleTree>,
): readonly Unit[] {
  const units = new Map<Value | BundleTree, { readonly unit: Unit; readonly needs: Set<Value>; due: boolean }>();
  const unitKey = (value: Value): Value | BundleTree => trees.get(value) ?? value;
  const open = [...results];
  for (let value = open.pop(); value; value = open.pop()) {
    const key = unitKey(value);
    if (units.has(key)) continue;
    const tree = trees.get(value);
    const needs = new Set(tree ? tree.leaves.flat() : value.source.kind === "apply" ? value.source.inputs : []);
    units.set(key, { unit: tree ? { tree } : { value }, needs, due: tree !== undefined });
    open.push(...needs);
  }

  const users = new Map<Value, (Value | BundleTree)[]>();
  for (const [key, { needs }] of units) {
    for (const need of needs) {
      const known = users.get(need);
      if (known) known.push(key);
      else users.set(need, [key]);
    }
  }
  const order: Unit[] = [];
  const emit = (first: Value | BundleTree): void => {
    const ready = [first];
    for (let key = ready.pop(); key; key = ready.pop()) {
      const { unit } = units.get(key)!;
      order.push(unit);
      for (const given of unit.tree ? unit.tree.whole : [unit.value]) {
        for (const user of users.get(given) ?? []) {
          const waiting = units.get(user)!;
          waiting.needs.delete(given);
          if (waiting.needs.size === 0 && waiting.due) ready.push(user);
        }
      }
    }
  };
  const isGiven = ({ source }: Value): boolean => source.kind !== "apply";
  for (const value of [...values.filter(isGiven), ...values.filter((each) => !isGiven(each))]) {
    const waiting = trees.has(value) ? undefined : units.get(value);
    if (!waiting) continue;
    waiting.due = true;
    if (waiting.needs.size === 0) emit(value);
  }
  return order;
}
