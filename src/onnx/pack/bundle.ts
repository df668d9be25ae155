import { type Shape, sizeOf } from "../../core/index.js";
import { type Primitive, primitives, type ShapeParams, type Value } from "../../graph/index.js";
import type { Make } from "../simplify/simplify.js";
import { longAxis } from "./vector-like.js";

/** Values of one kind that are computed as one vector: the elements of the first, of the second, … */
export type Bundle = readonly Value[];

/** A bundle with the bundles that it is computed from. */
export interface BundleTree {
  readonly whole: Bundle;
  /** Those that operators compute, each after its operands, the whole among them. */
  readonly inner: readonly Bundle[];
  /** Those that are put together from values computed elsewhere. */
  readonly leaves: readonly Bundle[];
}

const isScalar = (bundle: Bundle): boolean => sizeOf(bundle[0]!.shape) === 1;

/** A name of a bundle, equal for equal ones. */
export const bundleKey = (bundle: Bundle): string => bundle.map(({ id }) => id).join();

/** The k-th operand of each of a bundle's values, for each k. */
const operandsOf = (bundle: Bundle): Bundle[] =>
  inputsOf(bundle[0]!).map((_, k) => bundle.map((value) => inputsOf(value)[k]!));
const inputsOf = ({ source }: Value): readonly Value[] => (source.kind === "apply" ? source.inputs : []);

/** What a bundle is computed from, down to those that are leaves. */
export function bundleTree(whole: Bundle, isLeaf: (bundle: Bundle) => boolean): BundleTree {
  const found = new Map<string, Bundle>();
  const open = [whole];
  for (let bundle = open.pop(); bundle; bundle = open.pop()) {
    if (found.has(bundleKey(bundle))) continue;
    found.set(bundleKey(bundle), bundle);
    if (!isLeaf(bundle)) open.push(...operandsOf(bundle));
  }
  // An operand has a smaller id than what it is an operand of.
  const sorted = [...found.values()].sort((a, b) => a[0]!.id - b[0]!.id);
  const [leaves, inner] = [sorted.filter(isLeaf), sorted.filter((bundle) => !isLeaf(bundle))];
  return { whole, inner, leaves };
}

/**
 * Computes bundles.
 *
 * @param single Gives a value that is computed by itself.
 */
export function bundler(make: Make, single: (value: Value) => Value): (tree: BundleTree) => Value {
  const made = new Map<string, Value>();
  const madeOf = (bundle: Bundle): Value => {
    const key = bundleKey(bundle);
    const known = made.get(key) ?? (isScalar(bundle) ? single(bundle[0]!) : join(bundle));
    made.set(key, known);
    return known;
  };
  const join = (bundle: Bundle): Value =>
    make(primitives.concat, bundle.map(single), { axis: longAxis(bundle[0]!.shape)! });
  return ({ whole, inner }) => {
    for (const bundle of inner) {
      if (made.has(bundleKey(bundle))) continue;
      const { source } = bundle[0]!;
      if (source.kind !== "apply") continue; // it has a kind, so it is an application
      const operands = operandsOf(bundle).map(madeOf);
      const params = source.primitive.name === "reshape" ? { shape: joinedShape(bundle) } : source.params;
      made.set(bundleKey(bundle), make(source.primitive as Primitive, operands, params as ShapeParams));
    }
    return madeOf(whole);
  };
}

function joinedShape(bundle: Bundle): Shape {
  const { shape } = bundle[0]!;
  const length = bundle.reduce((sum, value) => sum + sizeOf(value.shape), 0);
  return shape.with(longAxis(shape)!, length);
}

/** The values of a bundle, cut out of its vector. */
export function unbundle(vector: Value, bundle: Bundle, make: Make): Value[] {
  const axis = longAxis(bundle[0]!.shape)!;
  const unit = vector.shape.map(() => 1);
  let start = 0;
  return bundle.map(({ shape }) => {
    const end = start + shape[axis]!;
    const [starts, ends] = [unit.map(() => 0).with(axis, start), unit.with(axis, end)];
    start = end;
    return make(primitives.slice, [vector], { starts, ends, strides: unit });
  });
}
