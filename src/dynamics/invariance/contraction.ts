import { type Shape, sizeOf } from "../../core/index.js";
import { any, combined, compressed, dot, eachIndex, type Labels, picked, stretched, strides } from "./labels.js";
import type { Monomials } from "./monomials.js";

/** Is told a product that must be 1. */
export type Require = (product: number) => void;

/** The common label along each of the axes, which get size 1; all but zeros must have it. */
export function alikeAlong(labels: Labels, axes: readonly number[], monomials: Monomials, require: Require): Labels {
  if (axes.every((axis) => labels.shape[axis] === 1)) return labels;
  const shape = labels.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const products = new Int32Array(sizeOf(shape)).fill(any);
  const to = strides(shape);
  eachIndex(labels.shape, (index, at) => {
    const product = labels.products[at]!;
    const target = dot(index, to);
    const first = products[target]!;
    if (first === any) products[target] = product;
    else if (product !== any && product !== first) require(monomials.quotient(product, first));
  });
  return compressed({ shape, products });
}

/** The same labels in another shape of equally many. */
export function regrouped(labels: Labels, shape: Shape): Labels {
  return { shape, products: labels.products };
}

/** Splits an axis into two; an axis of size 1 into two of size 1. */
export function splitAxis(labels: Labels, axis: number, outer: number): Labels {
  const size = labels.shape[axis]!;
  const parts = size === 1 ? [1, 1] : [outer, size / outer];
  return regrouped(labels, labels.shape.toSpliced(axis, 1, ...parts));
}

/** Makes two neighbouring axes one; their sizes in the value are given, for where only one of them is of size 1. */
export function mergeAxes(labels: Labels, axis: number, outer: number, inner: number): Labels {
  const [a, b] = [labels.shape[axis]!, labels.shape[axis + 1]!];
  if (a === 1 && b === 1) return regrouped(labels, labels.shape.toSpliced(axis, 2, 1));
  const full = labels.shape.with(axis, outer).with(axis + 1, inner);
  return compressed(regrouped(stretched(labels, full), full.toSpliced(axis, 2, outer * inner)));
}

/** Products of two labels of equally many axes, summed over one of them, which goes. */
export function contracted(a: Labels, b: Labels, axis: number, monomials: Monomials, require: Require): Labels {
  // What only one of the two asks along the axis does not depend on the other, and is asked once.
  const [left, right] = [
    b.shape[axis] === 1 ? alikeAlong(a, [axis], monomials, require) : a,
    a.shape[axis] === 1 ? alikeAlong(b, [axis], monomials, require) : b,
  ];
  const products = combined(left, right, (p, q) => (p === any || q === any ? any : monomials.product(p, q)));
  const sum = alikeAlong(products, [axis], monomials, require);
  return regrouped(sum, sum.shape.toSpliced(axis, 1));
}

/** With an axis of size 1 put in. */
export const withAxis = (labels: Labels, axis: number): Labels => regrouped(labels, labels.shape.toSpliced(axis, 0, 1));

/** Elements start, start + stride, … of axes that are not of size 1. */
export function slicedLabels(labels: Labels, starts: readonly number[], steps: readonly number[], to: Shape): Labels {
  const shape = labels.shape.map((size, axis) => (size === 1 ? 1 : to[axis]!));
  return picked(labels, shape, (index) =>
    index.map((i, axis) => (labels.shape[axis] === 1 ? 0 : starts[axis]! + i * steps[axis]!)),
  );
}
