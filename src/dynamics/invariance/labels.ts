import { type Shape, sizeOf } from "../../core/index.js";
import { unscaled } from "./monomials.js";

/**
 * Which product of scale factors multiplies each element of a value. The shape is the value's, but for axes along which
 * all elements scale alike: those have size 1.
 */
export interface Labels {
  readonly shape: Shape;
  /** The number of a product for each element, or {@link any}. */
  readonly products: Int32Array;
}

/** The label of zeros and infinities, which any factor leaves as they are. */
export const any = -1;

/** One label for all elements of a value of so many axes. */
export function uniform(rank: number, product: number): Labels {
  return { shape: new Array<number>(rank).fill(1), products: Int32Array.of(product) };
}

/** The labels of what does not scale. */
export const unscaledLabels = (rank: number): Labels => uniform(rank, unscaled);

/** Whether nothing scales. */
export const isUnscaled = ({ products }: Labels): boolean => products.every((product) => product <= unscaled);

/** Gives axes along which all labels are equal the size 1. */
export function compressed(labels: Labels): Labels {
  let { shape, products } = labels;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    if (size === 1) continue;
    const inner = sizeOf(shape.slice(axis + 1));
    const alike = products.every((product, at) => product === products[at - (Math.floor(at / inner) % size) * inner]);
    if (!alike) continue;
    const kept = shape.map((n, a) => (a === axis ? 1 : n));
    products = products.filter((_, at) => Math.floor(at / inner) % size === 0);
    shape = kept;
  }
  return shape === labels.shape ? labels : { shape, products };
}

/** Combines labels element by element; axes of size 1, and leading ones that one lacks, are stretched. */
export function combined(a: Labels, b: Labels, combine: (a: number, b: number) => number): Labels {
  const rank = Math.max(a.shape.length, b.shape.length);
  const [left, right] = [padded(a.shape, rank), padded(b.shape, rank)];
  const shape = left.map((size, axis) => Math.max(size, right[axis]!));
  const products = new Int32Array(sizeOf(shape));
  const [p, q] = [a.products, b.products];
  if ([p, q].every(({ length }) => length === 1 || length === products.length)) {
    const [stepA, stepB] = [p.length === 1 ? 0 : 1, q.length === 1 ? 0 : 1];
    for (let at = 0; at < products.length; at++) products[at] = combine(p[at * stepA]!, q[at * stepB]!);
  } else {
    const [fromA, fromB] = [strides(left), strides(right)];
    eachIndex(shape, (index, at) => {
      products[at] = combine(p[dot(index, fromA)]!, q[dot(index, fromB)]!);
    });
  }
  return compressed({ shape, products });
}

/** Each label changed. */
export function mapped({ shape, products }: Labels, change: (product: number) => number): Labels {
  return { shape, products: products.map(change) };
}

/** Labels of a value whose axes are reordered. */
export function transposed({ shape, products }: Labels, permutation: readonly number[]): Labels {
  return picked(
    { shape, products },
    permutation.map((axis) => shape[axis]!),
    (index) => permutation.reduce((source, axis, k) => source.with(axis, index[k]!), shape.slice() as number[]),
  );
}

/** Labels of the elements that `source` names, for each index of the new shape. */
export function picked(labels: Labels, shape: Shape, source: (index: readonly number[]) => readonly number[]): Labels {
  const products = new Int32Array(sizeOf(shape));
  const from = strides(labels.shape);
  eachIndex(shape, (index, at) => {
    products[at] = labels.products[dot(source(index), from)]!;
  });
  return compressed({ shape, products });
}

/** With the given axes, or all, at full size, as in the value. */
export function stretched(labels: Labels, full: Shape, axes: (axis: number) => boolean = () => true): Labels {
  const shape = labels.shape.map((size, axis) => (axes(axis) ? full[axis]! : size));
  if (shape.every((size, axis) => size === labels.shape[axis])) return labels;
  const products = new Int32Array(sizeOf(shape));
  const from = strides(labels.shape);
  eachIndex(shape, (index, at) => {
    products[at] = labels.products[dot(index, from)]!;
  });
  return { shape, products };
}

/** Labels joined along an axis; `sizes` are the values' sizes along it. */
export function joined(parts: readonly Labels[], axis: number, sizes: readonly number[]): Labels {
  const others = parts[0]!.shape.map((_, a) => Math.max(...parts.map(({ shape }) => shape[a]!)));
  const full = parts.map((part, k) => stretched(part, others.with(axis, sizes[k]!)));
  const shape = others.with(
    axis,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const products = new Int32Array(sizeOf(shape));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const [k, part] of full.entries()) {
      const length = sizes[k]! * inner;
      products.set(part.products.subarray(o * length, (o + 1) * length), at);
      at += length;
    }
  }
  return compressed({ shape, products });
}

/** Labels of an operand as those of a result of more axes: with ones in front. */
export const ofRank = ({ shape, products }: Labels, rank: number): Labels => ({ shape: padded(shape, rank), products });

/** With ones in front, up to so many axes. */
const padded = (shape: Shape, rank: number): number[] => [...new Array<number>(rank - shape.length).fill(1), ...shape];

/** Distances between neighbours along each axis; 0 along axes of size 1, so that any index will do there. */
export function strides(shape: Shape): number[] {
  let step = 1;
  const result: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = shape[axis] === 1 ? 0 : step;
    step *= shape[axis]!;
  }
  return result;
}

export const dot = (index: readonly number[], steps: readonly number[]): number => {
  let sum = 0;
  for (let axis = 0; axis < steps.length; axis++) sum += index[axis]! * steps[axis]!;
  return sum;
};

/** Calls `visit` with every index of a shape, in order; the array is reused. */
export function eachIndex(shape: Shape, visit: (index: readonly number[], at: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const total = sizeOf(shape);
  for (let at = 0; at < total; at++) {
    visit(index, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}
