/** What a classifier says of one image. */
export interface Prediction {
  /** The class with the largest logit. */
  readonly predicted: number;
  /** log softmax of the logits. */
  readonly logProbabilities: Float64Array;
}

/** Predictions from logits [n × classes]. */
export function classify(logits: Float32Array, count: number): Prediction[] {
  const classes = logits.length / count;
  return Array.from({ length: count }, (_, row) => {
    const values = Float64Array.from(logits.subarray(row * classes, (row + 1) * classes));
    const most = Math.max(...values);
    const logSum = most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
    return { predicted: values.indexOf(most), logProbabilities: values.map((value) => value - logSum) };
  });
}
