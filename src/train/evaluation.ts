import { scalar } from "../core/index.js";
import { evaluationBatches, type ImageDataset } from "../data/index.js";
import type { Runtime, State } from "../graph/index.js";
import type { ImageNetwork } from "./image-network.js";
import { type EvaluationOptions, evaluationProgram } from "./image-programs.js";
import { epsilonScaleInput } from "./network-scope.js";

/** How a network does on a set of images. */
export interface EvaluationResult {
  /** Per cent of the images whose largest logit is their label's. */
  readonly accuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** The class with the largest logit, for each image. */
  readonly predictions: Int32Array;
  /** Row by row: [images × classes]. */
  readonly logits: Float32Array;
}

/** Evaluates the parameters in a state, with running statistics. */
export interface Evaluator {
  /** Evaluates on all images of a set; `epsilonScale` multiplies ε where the program was made to scale it, 1 by default. */
  evaluate(state: State, data: ImageDataset, epsilonScale?: number): Promise<EvaluationResult>;
  /** Frees the session; the state is left. */
  close(): Promise<void>;
}

/** Prepares evaluation in batches of a fixed size. */
export async function evaluator(
  runtime: Runtime,
  network: ImageNetwork,
  batch: number,
  options: EvaluationOptions = {},
): Promise<Evaluator> {
  const program = evaluationProgram(network, batch, options);
  const classes = program.outputs.logits!.shape[1]!;
  const session = await runtime.load(program);
  return {
    async evaluate(state, data, epsilonScale = 1) {
      const source = evaluationBatches(data, { batch });
      const predictions = new Int32Array(data.labels.length);
      const logits = new Float32Array(data.labels.length * classes);
      let lossSum = 0;
      let right = 0;
      for (let index = 0; index < source.batchesPerEpoch; index++) {
        const { images, labels, size } = await source.batch(0, index);
        const feeds = {
          images,
          labels,
          ...(options.scalesEpsilon ? { [epsilonScaleInput]: scalar(epsilonScale) } : {}),
        };
        const outputs = await session.run(feeds, { state });
        logits.set((outputs.logits!.data as Float32Array).subarray(0, size * classes), index * batch * classes);
        for (let row = 0; row < size; row++) {
          const predicted = Number(outputs.predictions!.data[row]);
          predictions[index * batch + row] = predicted;
          lossSum += Number(outputs.losses!.data[row]);
          if (predicted === labels.data[row]) right++;
        }
      }
      await source.close();
      const count = data.labels.length;
      return { accuracy: (100 * right) / count, loss: lossSum / count, predictions, logits };
    },
    close: () => session.close(),
  };
}
