import { sizeOf } from "../../core/index.js";
import type { Value } from "../../graph/index.js";
import { type Bundle, type BundleTree, bundleKey, bundleTree } from "./bundle.js";
import { type Kinds, kindsOf } from "./kinds.js";

/**
 * The bundles that save operators, by each value that one gives.
 *
 * @param values In topological order.
 */
export function chooseBundles(values: readonly Value[], results: ReadonlySet<Value>): Map<Value, BundleTree> {
  const kinds = kindsOf(values);
  const apart = peerless(values, kinds);
  for (;;) {
    const wanted = wantedOf(values, results, kinds, apart);
    const { trees, rejected } = bundlesOf(wanted, kinds, apart);
    if (rejected.length === 0) return trees;
    // What they would have computed on the way is wanted now.
    for (const kind of rejected) apart.add(kind);
  }
}

/** The kinds of which there is one value only. */
function peerless(values: readonly Value[], kinds: Kinds): Set<number> {
  const [once, often] = [new Set<number>(), new Set<number>()];
  for (const value of values) {
    const kind = kinds.of(value);
    if (kind !== undefined) (once.has(kind) ? often : once).add(kind);
  }
  return new Set([...once].filter((kind) => !often.has(kind)));
}

/**
 * Results, and what they are computed from value by value, in topological order; not what only bundles compute on their
 * way to those.
 *
 * @param apart Kinds whose values are computed one by one where they are wanted.
 */
function wantedOf(
  values: readonly Value[],
  results: ReadonlySet<Value>,
  kinds: Kinds,
  apart: ReadonlySet<number>,
): Set<Value> {
  const wanted = new Set(results);
  for (const value of [...values].reverse()) {
    const kind = kinds.of(value);
    const alone = kind === undefined || (apart.has(kind) && wanted.has(value));
    if (value.source.kind === "apply" && alone) for (const input of value.source.inputs) wanted.add(input);
  }
  return new Set(values.filter((value) => wanted.has(value)));
}

interface Choice {
  readonly trees: Map<Value, BundleTree>;
  /** Kinds whose wanted values had better be computed one by one. */
  readonly rejected: readonly number[];
}

/** For each kind that is not apart, a bundle of its wanted values, if it saves operators. */
function bundlesOf(wanted: ReadonlySet<Value>, kinds: Kinds, apart: ReadonlySet<number>): Choice {
  const trees = new Map<Value, BundleTree>();
  const rejected: number[] = [];
  const known = new Set<string>();
  const covered = new Set<Value>();
  const bundles = new Map<number, Value[]>();
  for (const value of wanted) {
    const kind = kinds.of(value);
    if (kind !== undefined && !apart.has(kind)) bundles.set(kind, [...(bundles.get(kind) ?? []), value]);
  }
  // An operand's kind has a smaller number than its user's, so what a bundle takes from others is chosen before it.
  for (const [kind, bundle] of [...bundles].sort(([a], [b]) => a - b)) {
    const isLeaf = (inner: Bundle): boolean =>
      kinds.of(inner[0]!) === undefined ||
      (inner.some((value) => wanted.has(value)) && !known.has(bundleKey(inner)) && inner[0] !== bundle[0]);
    const tree = bundleTree(bundle, isLeaf);
    const saved = new Set(tree.inner.flat().filter((value) => !covered.has(value))).size;
    const added = [...tree.inner, ...tree.leaves.filter(isJoined)].filter((inner) => !known.has(bundleKey(inner)));
    if (saved <= added.length + 1) {
      rejected.push(kind);
      continue;
    }
    for (const value of bundle) trees.set(value, tree);
    for (const inner of added) known.add(bundleKey(inner));
    for (const value of tree.inner.flat()) covered.add(value);
  }
  return { trees, rejected };
}

const isJoined = (leaf: Bundle): boolean => sizeOf(leaf[0]!.shape) > 1;
