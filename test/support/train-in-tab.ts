import {
  arrays,
  batchNorm,
  conv2d,
  globalAveragePool,
  linear,
  randomStream,
  relu,
  sequential,
  sgd,
  train,
} from "normwise";
import { referenceRuntime } from "normwise/reference";

/** What a small training gives: the same in Node and in a tab. */
export interface SmallTraining {
  /** Of each step. */
  readonly losses: readonly number[];
  /** Median norm of the one scale-invariant weight, at the end of each epoch. */
  readonly norms: readonly number[];
  readonly predictions: readonly number[];
  /** Bytes of the ONNX file. */
  readonly onnx: readonly number[];
}

/** Trains a small network on the float64 reference, with nothing but what the library's browser entries have. */
export async function trainInTab(): Promise<SmallTraining> {
  const random = randomStream(1, "tab");
  const labels = Array.from({ length: 48 }, (_, image) => image % 2);
  const images = Float32Array.from({ length: 48 * 36 }, (_, i) => {
    const [image, y, x] = [Math.floor(i / 36), Math.floor(i / 6) % 6, i % 6];
    return Math.sin(2 * (image % 2 === 0 ? x : y)) + 0.5 * random.normal();
  });
  const losses: number[] = [];
  const { epochs, model } = await train({
    network: sequential(conv2d(6), batchNorm(), relu(), globalAveragePool(), linear(2)),
    data: arrays({ images, labels, shape: [1, 6, 6] }),
    runtime: referenceRuntime(),
    epochs: 10,
    batch: 16,
    learningRate: 0.3,
    optimizer: sgd({ weightDecay: 1e-2 }),
    onStep: ({ loss }) => losses.push(loss),
  });
  return {
    losses,
    norms: epochs.map(({ layers }) => layers["0.weight"]!.norm.median),
    predictions: [...(await model.predict(images))],
    onnx: [...(await model.toOnnx())],
  };
}
