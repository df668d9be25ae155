import { sizeOf } from "../../../../core/index.js";
import { add, maximum, mul, reduceSum, reshape, type Value } from "../../../../graph/index.js";
import { type Combination, factorOf, just, onlyTerm, plainTensor } from "./combination.js";
import { channelDot, perChannel } from "./primitives.js";

/** Sums of combinations over N, H and W, by those of the tensors they are made of; each is taken once. */
export interface ChannelSums {
  /** Σ of a combination. One of several tensors is summed as a whole, by `tensor`, unless all their sums are known. */
  of(combination: Combination, tensor?: () => Value): Value;
  /** Σ of the product of two combinations, of the tensors themselves where they are not one term each. */
  ofProduct(a: Combination, b: Combination, tensors: () => readonly [Value, Value]): Value;
}

/** Begins without any sum known. */
export function channelSums(): ChannelSums {
  const sums = new Map<Value, Value>();
  const products = new Map<string, Value>();

  function sumOf(tensor: Value): Value {
    const sum = sums.get(tensor) ?? reduceSum(tensor, [0, 2, 3]);
    sums.set(tensor, sum);
    return sum;
  }

  function dot(a: Value, b: Value): Value {
    const key = `${Math.min(a.id, b.id)}·${Math.max(a.id, b.id)}`;
    const product = products.get(key) ?? a.graph.apply(channelDot, [a, b], {});
    products.set(key, product);
    return product;
  }

  function linear({ shape, terms, constant, additions }: Combination): Value {
    const parts = [
      ...terms.map(({ tensor, factor }) => (factor ? mul(factor, sumOf(tensor)) : sumOf(tensor))),
      ...additions.map(({ values }) => reshape(reduceSum(values, [1]), perChannel(shape))),
    ];
    const total = parts.reduce((sum, part) => add(sum, part));
    return constant ? add(total, mul(constant, sizeOf(shape) / shape[1]!)) : total;
  }

  /** Σ (aT + b)(a′U + b′) = aa′ ΣTU + ab′ ΣT + a′b ΣU + n bb′. */
  function bilinear(left: Combination, right: Combination): Value {
    const [t, u] = [left.terms[0]!, right.terms[0]!];
    let total = dot(t.tensor, u.tensor);
    if (t.factor || u.factor) total = mul(total, mul(factorOf(t), factorOf(u)));
    if (right.constant) total = add(total, mul(right.constant, linear({ ...left, constant: undefined })));
    if (left.constant) total = add(total, mul(left.constant, linear(right)));
    return total;
  }

  return {
    of(combination, tensor) {
      const { terms } = combination;
      const known = terms.length <= 1 || terms.every((term) => sums.has(term.tensor));
      return known || !tensor ? linear(combination) : sumOf(tensor());
    },
    ofProduct(a, b, tensors) {
      const squared = a === b || (plainTensor(a) !== undefined && plainTensor(a) === plainTensor(b));
      const simple = onlyTerm(a) !== undefined && onlyTerm(b) !== undefined;
      if (!simple || (squared && a.constant && !isConvolved(a))) {
        const [left, right] = tensors();
        return bilinear(just(left), just(right));
      }
      // What cancels may leave less than nothing.
      const total = bilinear(a, b);
      return squared && a.constant ? maximum(total, 0) : total;
    },
  };
}

/** Whether the first tensor is a convolution's output. */
export const isConvolved = ({ terms: [term] }: Combination): boolean =>
  term?.tensor.source.kind === "apply" && term.tensor.source.primitive.name === "conv2d";
