import { trainingBatches } from "../data/index.js";
import { checkTrainOptions } from "./check-options.js";
import { closing } from "./closing.js";
import { trainingEngine } from "./engine.js";
import { imageEpochRecord } from "./epoch-record.js";
import { evaluator } from "./evaluation.js";
import { imageClassification, imageStepBatches } from "./image-objective.js";
import type { EpochRecord, Progress } from "./records.js";
import { imageNetworkOf, type TrainOptions } from "./train-options.js";
import { type TrainedModel, trainedModel } from "./trained-model.js";
import { trainingLoop } from "./training-loop.js";
import { engineOptionsOf } from "./training-options.js";

/** A finished or interrupted training. Call {@link TrainingResult.close} when done with it. */
export interface TrainingResult {
  readonly epochs: readonly EpochRecord[];
  readonly progress: Progress;
  /** Whether the signal ended it before the last step. */
  readonly interrupted: boolean;
  /** The trained network, to predict with, evaluate and save. */
  readonly model: TrainedModel;
  /** Frees the state and the evaluation; the runtime stays open. */
  close(): Promise<void>;
}

/**
 * Trains an image classifier by minimizing the mean softmax cross-entropy.
 *
 * Deterministic: the same options on the same machine with the same number of threads give the same bits, also when
 * interrupted and resumed.
 *
 * @throws InvalidArgumentError for options out of range, or a batch larger than the data.
 * @throws NonFiniteError when the loss is not finite, with the step and the first layer where that arose.
 */
export async function train(options: TrainOptions): Promise<TrainingResult> {
  checkTrainOptions(options);
  const { data, runtime, batch = 128, seed = 1, control, precision, augmentation, validation, onStep } = options;
  const { batches = trainingBatches } = options;
  const network = imageNetworkOf(options);
  const held = closing();
  const state = await held.open(() => runtime.createState({}));
  const judge = await held.open(() =>
    evaluator(runtime, network, batch, {
      scalesEpsilon: control?.scalesEpsilon ?? false,
      ...(precision ? { precision } : {}),
    }),
  );
  const engine = await held.open(() =>
    trainingEngine(runtime, state, {
      objective: imageClassification(network),
      shape: [batch],
      ...engineOptionsOf(options),
    }),
  );
  const source = await held.open(async () =>
    imageStepBatches(await batches(data, { batch, seed, ...(augmentation ? { augmentation } : {}) })),
  );
  const { onStep: _, ...rest } = options;
  try {
    const { epsilonScale, ...ended } = await trainingLoop({
      ...rest,
      engine,
      state,
      source,
      ...(validation
        ? {
            async evaluate(scale: number) {
              const verdict = await judge.evaluate(state, validation, scale);
              return { ...verdict, score: verdict.accuracy };
            },
          }
        : {}),
      record: (end) => imageEpochRecord(end, batch),
      ...(onStep
        ? { onStep: ({ itemsPerSecond, ...event }) => onStep({ ...event, imagesPerSecond: itemsPerSecond }) }
        : {}),
    });
    await held.close(source, engine);
    return {
      ...ended,
      model: trainedModel({ network, state, runtime, judge, epsilonScale, classes: data.classes }),
      close: () => held.close(),
    };
  } catch (error) {
    await held.close();
    throw error;
  }
}
