import { trainingBatches } from "../data/index.js";
import type { WeightTensor } from "../dynamics/index.js";
import { constantRate, scheduleRates } from "../optim/index.js";
import { checkTrainOptions } from "./check-options.js";
import { fitting, requireFinite } from "./checkpoint-tensors.js";
import { closing } from "./closing.js";
import { type Measurement, trainingEngine } from "./engine.js";
import { epochRecord } from "./epoch-record.js";
import { evaluator } from "./evaluation.js";
import { initialState } from "./initial-state.js";
import { layerRecords, normRows } from "./layer-records.js";
import type { EpochRecord, Progress } from "./records.js";
import { imageNetworkOf, type TrainOptions } from "./train-options.js";
import { type TrainedModel, trainedModel } from "./trained-model.js";

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
  const { data, runtime, batch = 128, seed = 1, control, groups = [], augmentation, validation, resume } = options;
  const { optimizer, batches = trainingBatches } = options;
  const network = imageNetworkOf(options);
  const held = closing();
  const state = await held.open(() => runtime.createState({}));
  const judge = await held.open(() => evaluator(runtime, network, batch, control?.scalesEpsilon));
  const engine = await held.open(() =>
    trainingEngine(runtime, state, { ...network, batch, optimizer, groups, ...(control ? { control } : {}) }),
  );
  const source = await held.open(() => batches(data, { batch, seed, ...(augmentation ? { augmentation } : {}) }));
  const stepsPerEpoch = source.batchesPerEpoch;
  const steps = options.epochs * stepsPerEpoch;
  const rates = scheduleRates(options.schedule ?? constantRate(), options.learningRate, steps, stepsPerEpoch);
  let progress: Progress = resume?.progress ?? { step: 0, lossSum: 0, correct: 0, cappedChannels: 0 };
  const epochs: EpochRecord[] = [...(resume?.epochs ?? [])];

  try {
    await state.write(resume ? fitting(resume, engine.step) : initialState(engine.step, seed));
    control?.restore(progress.cappedChannels);
    await trainOn();
  } catch (error) {
    await held.close();
    throw error;
  }
  await held.close(source, engine);
  const epsilonScale = control?.epsilonScaleAfter(progress.step) ?? 1;
  return {
    epochs,
    progress,
    interrupted: progress.step < steps,
    model: trainedModel({ network, state, judge, epsilonScale, classes: data.classes }),
    close: () => held.close(),
  };

  /** Takes the steps that are left, until the signal says stop. */
  async function trainOn(): Promise<void> {
    const { measureEvery = 10, checkpointEvery, recorder, signal } = options;
    const fetchBatch = (step: number) => {
      const fetched = source.batch(Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
      fetched.catch(() => {}); // reported when awaited; the loop may end before that
      return fetched;
    };
    let pending = progress.step < steps ? fetchBatch(progress.step) : undefined;
    let clock = stopwatch();
    while (progress.step < steps && !signal?.aborted) {
      const { step } = progress;
      const endsEpoch = (step + 1) % stepsPerEpoch === 0;
      const measured = endsEpoch || step % measureEvery === 0;
      clock.start();
      const images = await pending!;
      pending = step + 1 < steps ? fetchBatch(step + 1) : undefined; // made while this step runs
      const { loss, correct, measurement } = await engine.take(step, rates[step]!, images, measured);
      clock.stop();
      if (measured && measurement && recorder) {
        await recorder.norms(normRows(step + 1, measurement));
        await recorder.log({ type: "layers", step: step + 1, layers: layerRecords(measurement) });
      }
      progress = {
        ...progress,
        step: step + 1,
        lossSum: progress.lossSum + loss,
        correct: progress.correct + correct,
        cappedChannels: control?.cappedChannels ?? 0,
      };
      const imagesPerSecond = clock.rate() * batch;
      options.onStep?.({ step: step + 1, steps, epoch: Math.floor(step / stepsPerEpoch) + 1, loss, imagesPerSecond });
      if (endsEpoch) {
        await endEpoch(measurement, imagesPerSecond);
        clock = stopwatch();
      } else if (checkpointEvery && (step + 1) % checkpointEvery === 0) {
        await save("last");
      }
    }
    if (progress.step < steps && progress.step % stepsPerEpoch !== 0) await save("last");
  }

  async function endEpoch(measurement: Measurement | undefined, imagesPerSecond: number): Promise<void> {
    const { recorder } = options;
    const epoch = progress.step / stepsPerEpoch;
    const epsilonScale = control?.epsilonScaleAfter(progress.step);
    const verdict = validation && (await judge.evaluate(state, validation, epsilonScale));
    const weights = recorder?.snapshot || options.reference ? await trackedWeights() : {};
    await recorder?.snapshot?.(epoch, weights);
    const record = epochRecord({
      progress,
      stepsPerEpoch,
      batch,
      learningRate: rates[progress.step - 1]!,
      layers: measurement ? layerRecords(measurement) : {},
      imagesPerSecond,
      verdict,
      weights,
      reference: (await options.reference?.(epoch)) as Record<string, WeightTensor> | undefined,
      cappedChannels: control?.cappedChannels,
    });
    epochs.push(record);
    await recorder?.log(record);
    const improved = verdict !== undefined && verdict.accuracy > (progress.best?.validationAccuracy ?? -1);
    progress = {
      ...progress,
      lossSum: 0,
      correct: 0,
      ...(improved ? { best: { epoch, validationAccuracy: verdict.accuracy } } : {}),
    };
    if (improved) await save("best");
    await save("last");
    options.onEpoch?.(record);
  }

  async function trackedWeights(): Promise<Record<string, WeightTensor>> {
    return (await state.read(engine.step.tracked.map(({ name }) => name))) as Record<string, WeightTensor>;
  }

  async function save(name: "last" | "best"): Promise<void> {
    if (!options.recorder) return;
    const tensors = await state.read();
    requireFinite(tensors, progress.step);
    await options.recorder.checkpoint(name, { tensors, progress });
  }
}

/** Counts laps and the time they take. */
function stopwatch() {
  let [milliseconds, laps, started] = [0, 0, 0];
  return {
    start() {
      started = performance.now();
    },
    stop() {
      milliseconds += performance.now() - started;
      laps++;
    },
    /** Laps per second. */
    rate: () => (1000 * laps) / milliseconds,
  };
}
