import { add, mul, neg, type Value } from "../../../../graph/index.js";

/** One tensor [N, C, H, W] times a factor per channel, [1, C, 1, 1] or a scalar; without a factor, once. */
export interface Term {
  readonly tensor: Value;
  readonly factor: Value | undefined;
}

/**
 * Σᵢ aᵢ[c] Tᵢ + b[c]: what sums, differences and per-channel factors make of tensors. As long as a value is known in this
 * form nothing is computed; then it is in one pass over the tensors, and its sums follow from theirs.
 */
export interface Combination {
  readonly terms: readonly Term[];
  readonly constant: Value | undefined;
}

/** A tensor by itself. */
export const just = (tensor: Value): Combination => ({ terms: [{ tensor, factor: undefined }], constant: undefined });

/** The tensor, if the combination is nothing else. */
export function plainTensor({ terms, constant }: Combination): Value | undefined {
  return terms.length === 1 && !constant && !terms[0]!.factor ? terms[0]!.tensor : undefined;
}

/** The sum of two combinations; terms of the same tensor become one. */
export function plus(a: Combination, b: Combination): Combination {
  const terms = [...a.terms];
  for (const { tensor, factor } of b.terms) {
    const at = terms.findIndex((term) => term.tensor === tensor);
    if (at < 0) terms.push({ tensor, factor });
    else terms[at] = { tensor, factor: add(factorOf(terms[at]!), factorOf({ tensor, factor })) };
  }
  return { terms, constant: b.constant ? shifted(a, b.constant).constant : a.constant };
}

/** The combination plus a constant per channel. */
export const shifted = ({ terms, constant }: Combination, by: Value): Combination => ({
  terms,
  constant: constant ? add(constant, by) : by,
});

/** The combination times a factor per channel. */
export const scaled = ({ terms, constant }: Combination, by: Value): Combination => ({
  terms: terms.map(({ tensor, factor }) => ({ tensor, factor: factor ? mul(factor, by) : by })),
  constant: constant && mul(constant, by),
});

/** The combination times −1. */
export const negated = ({ terms, constant }: Combination): Combination => ({
  terms: terms.map(({ tensor, factor }) => ({
    tensor,
    factor: factor ? neg(factor) : tensor.graph.constant(-1, tensor.dtype),
  })),
  constant: constant && neg(constant),
});

/** A term's factor, 1 if it has none. */
export const factorOf = ({ tensor, factor }: Term): Value => factor ?? tensor.graph.constant(1, tensor.dtype);
