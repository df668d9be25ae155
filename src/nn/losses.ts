import { logSoftmax, mul, neg, oneHot, reduceMean, reduceSum, reshape, type Value } from "../graph/index.js";

/**
 * Cross-entropy of softmax, of each row: −log softmax(logits)[label].
 * Shapes: logits [N, classes], labels [N] (int32 or int64, in [0, classes)) → [N], in nats.
 */
export function softmaxCrossEntropy(logits: Value, labels: Value): Value {
  const picked = mul(logSoftmax(logits, 1), oneHot(labels, logits.shape[1]!));
  return neg(reshape(reduceSum(picked, [1]), [logits.shape[0]!]));
}

/** The mean of all elements, as a scalar. */
export const mean = (x: Value): Value => reshape(reduceMean(x), []);
