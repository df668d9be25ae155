import { assertArgument, expectation, InvalidArgumentError, RunError, type Tensor } from "../core/index.js";
import {
  type Augmentation,
  type BatchSource,
  channelStatistics,
  type ImageDataset,
  type TrainingBatchOptions,
  trainingBatches,
} from "../data/index.js";
import type { WeightTensor } from "../dynamics/index.js";
import type { Layer, Runtime } from "../graph/index.js";
import {
  constantRate,
  type GroupRule,
  type Optimizer,
  type Schedule,
  type StepControl,
  scheduleRates,
} from "../optim/index.js";
import { type Engine, type Measurement, trainingEngine } from "./engine.js";
import { evaluator } from "./evaluation.js";
import type { ImageNetwork } from "./image-network.js";
import { initialState } from "./initial-state.js";
import { layerRecords, meanDirectionCosine, normRows } from "./layer-records.js";
import { type Checkpoint, type EpochRecord, type Progress, type Recorder } from "./records.js";
import { type TrainedModel, trainedModel } from "./trained-model.js";

/** What to train, on what, and how. */
export interface TrainOptions {
  readonly network: Layer;
  readonly data: ImageDataset;
  /** Evaluated after each epoch; chooses the best checkpoint. */
  readonly validation?: ImageDataset;
  readonly runtime: Runtime;
  readonly epochs: number;
  /** Images per step; 128 by default. */
  readonly batch?: number;
  /** Base learning rate η, per step. */
  readonly learningRate: number;
  /** Multiplies the base rate over the steps; constant by default. */
  readonly schedule?: Schedule;
  readonly optimizer: Optimizer;
  /** Parameters that are treated differently; none by default. */
  readonly groups?: readonly GroupRule[];
  /** Takes over the step size of the scale-invariant weights. */
  readonly control?: StepControl;
  readonly augmentation?: Augmentation;
  /** Mean and standard deviation that images are normalized with; those of `data` by default. */
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Initial weights, order of images and augmentation follow from it; 1 by default. */
  readonly seed?: number;
  /** Norms and rotations are measured every so many steps, and at the end of each epoch; 10 by default. */
  readonly measureEvery?: number;
  /** A checkpoint every so many steps, beside the one at the end of each epoch. */
  readonly checkpointEvery?: number;
  /** Makes the source of training batches; in this thread by default. */
  readonly batches?: (data: ImageDataset, options: TrainingBatchOptions) => BatchSource | Promise<BatchSource>;
  readonly recorder?: Recorder;
  /** Continues from a checkpoint instead of fresh weights. */
  readonly resume?: Checkpoint & { readonly epochs: readonly EpochRecord[] };
  /** Weights of another run at the end of an epoch, to compare directions with. */
  readonly reference?: (epoch: number) => Promise<Readonly<Record<string, Tensor>>>;
  /** Stops after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Told after each epoch, when its record and checkpoints are written. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Told after each step. */
  readonly onStep?: (event: StepEvent) => void;
}

/** Told after each step. */
export interface StepEvent {
  /** Steps taken, and to be taken in all. */
  readonly step: number;
  readonly steps: number;
  /** The epoch under way, from 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Over the epoch so far. */
  readonly imagesPerSecond: number;
}

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
  const { data, runtime, epochs, batch = 128, seed = 1, measureEvery = 10, control, recorder, resume } = options;
  checkTrainOptions(options);
  const { mean, std } = options.normalization ?? trainingNormalization(data);
  const network: ImageNetwork = {
    network: options.network,
    shape: data.shape,
    pixels: data.images instanceof Float32Array ? "float32" : "uint8",
    mean,
    std,
  };
  const { augmentation, optimizer, groups = [] } = options;
  const source = await (options.batches ?? trainingBatches)(data, {
    batch,
    seed,
    ...(augmentation ? { augmentation } : {}),
  });
  const stepsPerEpoch = source.batchesPerEpoch;
  const steps = epochs * stepsPerEpoch;
  const rates = scheduleRates(options.schedule ?? constantRate(), options.learningRate, steps, stepsPerEpoch);

  const state = await runtime.createState({});
  const engine = trainingEngine(runtime, state, {
    ...network,
    batch,
    optimizer,
    groups,
    ...(control ? { control } : {}),
  });
  await state.write(resume ? fitting(resume, engine) : initialState(engine.step, seed));
  if (resume) control?.restore(resume.progress.cappedChannels);
  const judge = await evaluator(runtime, network, batch, control?.scalesEpsilon);

  const history: EpochRecord[] = [...(resume?.epochs ?? [])];
  let progress: Progress = resume?.progress ?? { step: 0, lossSum: 0, correct: 0, cappedChannels: 0 };
  let measurement: Measurement | undefined;
  let [seconds, timed] = [0, 0];

  const save = async (name: "last" | "best"): Promise<void> => {
    if (recorder) await recorder.checkpoint(name, { tensors: await state.read(), progress });
  };
  const fetchBatch = (step: number) => source.batch(Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);

  async function finishEpoch(): Promise<void> {
    const epoch = progress.step / stepsPerEpoch;
    const verdict = options.validation
      ? await judge.evaluate(state, options.validation, control?.epsilonScaleAfter(progress.step))
      : undefined;
    const weights = (await state.read(engine.step.tracked.map(({ name }) => name))) as Record<string, WeightTensor>;
    await recorder?.snapshot?.(epoch, weights);
    const reference = (await options.reference?.(epoch)) as Record<string, WeightTensor> | undefined;
    const record: EpochRecord = {
      type: "epoch",
      epoch,
      step: progress.step,
      learningRate: rates[progress.step - 1]!,
      trainLoss: progress.lossSum / stepsPerEpoch,
      trainAccuracy: (100 * progress.correct) / (stepsPerEpoch * batch),
      ...(verdict ? { validationLoss: verdict.loss, validationAccuracy: verdict.accuracy } : {}),
      layers: measurement ? layerRecords(measurement) : {},
      ...(reference
        ? {
            directionCosine: Object.fromEntries(
              Object.keys(weights).map((name) => [name, meanDirectionCosine(weights[name]!, reference[name]!)]),
            ),
          }
        : {}),
      ...(control ? { cappedChannels: control.cappedChannels } : {}),
      imagesPerSecond: timed / seconds,
    };
    [seconds, timed] = [0, 0];
    history.push(record);
    await recorder?.log(record);
    const accuracy = verdict?.accuracy;
    const improved = accuracy !== undefined && accuracy > (progress.best?.validationAccuracy ?? -1);
    progress = {
      ...progress,
      lossSum: 0,
      correct: 0,
      ...(improved ? { best: { epoch, validationAccuracy: accuracy } } : {}),
    };
    if (improved) await save("best");
    await save("last");
    options.onEpoch?.(record);
  }

  try {
    let pending = progress.step < steps ? fetchBatch(progress.step) : undefined;
    while (progress.step < steps && !options.signal?.aborted) {
      const { step } = progress;
      const next = await pending!;
      pending = step + 1 < steps ? fetchBatch(step + 1) : undefined;
      pending?.catch(() => {}); // reported when awaited; a failing step may end the loop before that
      const endsEpoch = (step + 1) % stepsPerEpoch === 0;
      const start = performance.now();
      const result = await engine.take(step, rates[step]!, next, endsEpoch || step % measureEvery === 0);
      seconds += (performance.now() - start) / 1000;
      timed += batch;
      ({ measurement } = result);
      if (measurement && recorder) {
        await recorder.norms(normRows(step + 1, measurement));
        if (endsEpoch || step % measureEvery === 0) {
          await recorder.log({ type: "layers", step: step + 1, layers: layerRecords(measurement) });
        }
      }
      progress = {
        ...progress,
        step: step + 1,
        lossSum: progress.lossSum + result.loss,
        correct: progress.correct + result.correct,
        cappedChannels: control?.cappedChannels ?? 0,
      };
      options.onStep?.({
        step: step + 1,
        steps,
        epoch: Math.floor(step / stepsPerEpoch) + 1,
        loss: result.loss,
        imagesPerSecond: timed / seconds,
      });
      if (endsEpoch) await finishEpoch();
      else if (options.checkpointEvery && (step + 1) % options.checkpointEvery === 0) await save("last");
    }
    if (progress.step < steps && progress.step % stepsPerEpoch !== 0) await save("last");
  } catch (error) {
    await state.close();
    throw error;
  } finally {
    await source.close();
    await engine.close();
  }

  const epsilonScale = control?.epsilonScaleAfter(progress.step) ?? 1;
  const model = trainedModel({ runtime, network, state, batch, judge, epsilonScale, classes: data.classes });
  return {
    epochs: history,
    progress,
    interrupted: progress.step < steps,
    model,
    async close() {
      await judge.close();
      await state.close();
    },
  };
}

/**
 * Checks what can be checked before anything is made.
 * @throws InvalidArgumentError for a number out of range, or a batch larger than the data.
 */
export function checkTrainOptions(
  options: Pick<TrainOptions, "epochs" | "learningRate" | "data" | "validation" | "batch" | "measureEvery">,
): void {
  const { epochs, learningRate, data, validation, batch = 128, measureEvery = 10 } = options;
  const count = (name: string, value: number): void =>
    assertArgument(Number.isInteger(value) && value > 0, "train", `${name} to be a positive integer`, value);
  count("epochs", epochs);
  count("batch", batch);
  count("measureEvery", measureEvery);
  assertArgument(learningRate >= 0 && Number.isFinite(learningRate), "train", "a learning rate ≥ 0", learningRate);
  if (batch > data.labels.length) {
    throw new InvalidArgumentError(
      expectation("train", `a batch of at most ${data.labels.length}, the training images`, batch, "use a smaller batch"),
    );
  }
  if (validation && validation.shape.join() !== data.shape.join()) {
    throw new InvalidArgumentError(
      expectation("train", `validation images of shape [${data.shape}]`, `[${validation.shape}]`),
    );
  }
}

/** A checkpoint's tensors, if they are the ones that this training keeps. */
function fitting({ tensors }: Checkpoint, { step }: Engine): Readonly<Record<string, Tensor>> {
  const wanted = initialState(step, 0);
  for (const [name, { shape }] of Object.entries(wanted)) {
    const got = tensors[name];
    if (got?.shape.join() !== shape.join()) {
      throw new RunError(
        expectation(
          "resume",
          `a checkpoint with ${name} of shape [${shape}]`,
          got ? `[${got.shape}]` : "none",
          "it is of another model or optimizer; resume with the options of its own run",
        ),
      );
    }
  }
  return tensors;
}

/** What images are normalized with: the channels' mean and standard deviation; a constant channel's counts as 1. */
export function trainingNormalization(data: ImageDataset): { mean: number[]; std: number[] } {
  const { mean, std } = channelStatistics(data);
  return { mean, std: std.map((deviation) => deviation || 1) };
}
