import {
  add,
  cast,
  equal,
  exp,
  gatherElements,
  log,
  logSoftmax,
  mul,
  neg,
  oneHot,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  stopGradient,
  sub,
  type Value,
} from "../graph/index.js";

/**
 * Cross-entropy of softmax, of each row: −log softmax(logits)[label].
 * Shapes: logits [N, classes], labels [N] (int32 or int64, in [0, classes)) → [N], in nats.
 */
export function softmaxCrossEntropy(logits: Value, labels: Value): Value {
  const picked = mul(logSoftmax(logits, 1), oneHot(labels, logits.shape[1]!));
  return neg(reshape(reduceSum(picked, [1]), [logits.shape[0]!]));
}

/**
 * Cross-entropy of softmax with the label's probability spread (Szegedy et al. 2016, section 7), of each row:
 * −Σ_v q_v log softmax(logits)_v with q = (1 − smoothing) · oneHot(label) + smoothing / classes: PyTorch's definition.
 * Shapes: logits [N, classes], labels [N] (int32 or int64, in [0, classes)) → [N], in nats.
 *
 * It is computed as log Σ exp z − (1 − smoothing) z_label − smoothing · mean z: with thousands of classes each pass over
 * the logits counts, and this takes half as many as a product with one-hot rows.
 */
export function smoothedCrossEntropy(logits: Value, labels: Value, smoothing = 0): Value {
  const rows = logits.shape[0]!;
  const column = reshape(labels, [rows, 1]);
  const ofLabel = gatherElements(logits, column, 1);
  const target = smoothing === 0 ? ofLabel : add(mul(ofLabel, 1 - smoothing), mul(reduceMean(logits, [1]), smoothing));
  return reshape(sub(logSumExp(logits), target), [rows]);
}

/** log Σ exp z of each row, [N, classes] → [N, 1], without overflow. */
function logSumExp(z: Value): Value {
  const highest = stopGradient(reduceMax(z, [1]));
  return add(log(reduceSum(exp(sub(z, highest)), [1])), highest);
}

/** 1 for each label that is not `ignored`, 0 for the others; float32, of the labels' shape. */
export const countedLabels = (labels: Value, ignored: number): Value =>
  sub(1, cast(equal(labels, labels.graph.constant(ignored, labels.dtype)), "float32"));

/** The mean of all elements, as a scalar. */
export const mean = (x: Value): Value => reshape(reduceMean(x), []);
