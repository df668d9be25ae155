import type { Shape } from "../../../../core/index.js";
import { add, mul, neg, reshape, type Value } from "../../../../graph/index.js";

/** One tensor [N, C, H, W] times a factor per channel, [1, C, 1, 1] or a scalar; without a factor, once. */
export interface Term {
  readonly tensor: Value;
  readonly factor: Value | undefined;
}

/** Values [C, k] that are added to single elements of a tensor [N, C, H, W], at positions [C, k]. */
export interface Addition {
  readonly values: Value;
  readonly positions: Value;
}

/**
 * Σᵢ aᵢ[c] Tᵢ + b[c], and what is added to single elements: what sums, differences and per-channel factors make of tensors.
 * As long as a value is known in this form nothing is computed; then it is in one pass over the tensors, and its sums follow
 * from theirs.
 */
export interface Combination {
  /** [N, C, H, W]. */
  readonly shape: Shape;
  readonly terms: readonly Term[];
  readonly constant: Value | undefined;
  readonly additions: readonly Addition[];
}

/** A tensor by itself. */
export const just = (tensor: Value): Combination => ({
  shape: tensor.shape,
  terms: [{ tensor, factor: undefined }],
  constant: undefined,
  additions: [],
});

/** The tensor, if the combination is nothing else. */
export function plainTensor(combination: Combination): Value | undefined {
  const term = onlyTerm(combination);
  return term && !combination.constant && !term.factor ? term.tensor : undefined;
}

/** The term, if the combination is nothing but one term and a constant. */
export function onlyTerm({ terms, additions }: Combination): Term | undefined {
  return terms.length === 1 && additions.length === 0 ? terms[0] : undefined;
}

/** The sum of two combinations; terms of the same tensor become one. */
export function plus(a: Combination, b: Combination): Combination {
  const terms = [...a.terms];
  for (const { tensor, factor } of b.terms) {
    const at = terms.findIndex((term) => term.tensor === tensor);
    if (at < 0) terms.push({ tensor, factor });
    else terms[at] = { tensor, factor: add(factorOf(terms[at]!), factorOf({ tensor, factor })) };
  }
  const constant = b.constant ? shifted(a, b.constant).constant : a.constant;
  return { shape: a.shape, terms, constant, additions: [...a.additions, ...b.additions] };
}

/** The combination plus a constant per channel. */
export const shifted = (combination: Combination, by: Value): Combination => ({
  ...combination,
  constant: combination.constant ? add(combination.constant, by) : by,
});

/** The combination times a factor per channel. */
export const scaled = ({ shape, terms, constant, additions }: Combination, by: Value): Combination => ({
  shape,
  terms: terms.map(({ tensor, factor }) => ({ tensor, factor: factor ? mul(factor, by) : by })),
  constant: constant && mul(constant, by),
  additions: additions.map(({ values, positions }) => ({ values: mul(values, perRow(by)), positions })),
});

/** The combination times −1. */
export const negated = ({ shape, terms, constant, additions }: Combination): Combination => ({
  shape,
  terms: terms.map(({ tensor, factor }) => ({
    tensor,
    factor: factor ? neg(factor) : tensor.graph.constant(-1, tensor.dtype),
  })),
  constant: constant && neg(constant),
  additions: additions.map(({ values, positions }) => ({ values: neg(values), positions })),
});

/** One number per channel, [1, C, 1, 1] or a scalar, for values [C, k]. */
export const perRow = (value: Value): Value => reshape(value, [-1, 1]);

/** A term's factor, 1 if it has none. */
export const factorOf = ({ tensor, factor }: Term): Value => factor ?? tensor.graph.constant(1, tensor.dtype);
