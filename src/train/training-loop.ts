import type { WeightTensor } from "../dynamics/index.js";
import type { State } from "../graph/index.js";
import { constantRate, scheduleRates } from "../optim/index.js";
import { fitting, requireFinite } from "./checkpoint-tensors.js";
import type { Engine, Measurement } from "./engine.js";
import type { EpochEnd } from "./epoch-record.js";
import { initialState } from "./initial-state.js";
import { layerRecords, normRows } from "./layer-records.js";
import type { StepBatchSource } from "./objective.js";
import { addCounts, type EpochBasics, freshProgress, type Progress } from "./records.js";
import { stopwatch } from "./stopwatch.js";
import type { PrecisionOptions, TrainingOptions } from "./training-options.js";

/** How a network does on data that it is judged by. */
export interface Verdict {
  /** Larger is better; decides which epoch was best. */
  readonly score: number;
}

/** Told after each step. */
export interface LoopEvent {
  /** Steps taken, and to be taken in all. */
  readonly step: number;
  readonly steps: number;
  /** The epoch under way, from 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Over the epoch so far. */
  readonly itemsPerSecond: number;
}

/** What {@link trainingLoop} runs. */
export interface LoopOptions<R extends EpochBasics, V extends Verdict>
  extends Omit<TrainingOptions<R>, "optimizer" | "groups" | keyof PrecisionOptions> {
  readonly engine: Engine;
  readonly state: State;
  readonly source: StepBatchSource;
  /** Judges the state after each epoch; the best one's checkpoint is kept. */
  readonly evaluate?: (epsilonScale: number) => Promise<V>;
  /** Makes the log's line of an epoch. */
  readonly record: (end: EpochEnd<V>) => R;
  /** Told after each step. */
  readonly onStep?: (event: LoopEvent) => void;
}

/** Where a loop ended. */
export interface LoopResult<R extends EpochBasics> {
  readonly epochs: readonly R[];
  readonly progress: Progress;
  /** Whether the signal ended it before the last step. */
  readonly interrupted: boolean;
  /** ε's factor, for evaluation. */
  readonly epsilonScale: number;
}

/**
 * Trains a state from its beginning, or from a checkpoint, until the last step or the signal: steps, measurements,
 * evaluation after each epoch, records and checkpoints. It closes nothing.
 *
 * @throws NonFiniteError when the loss or a weight is not finite.
 * @throws RunError if the checkpoint to resume from is of another training.
 */
export async function trainingLoop<R extends EpochBasics, V extends Verdict>(
  options: LoopOptions<R, V>,
): Promise<LoopResult<R>> {
  const { engine, state, source, control, resume, recorder, signal, seed = 1, measureEvery = 10 } = options;
  const stepsPerEpoch = source.batchesPerEpoch;
  const steps = options.epochs * stepsPerEpoch;
  const rates = scheduleRates(options.schedule ?? constantRate(), options.learningRate, steps, stepsPerEpoch);
  let progress: Progress = resume?.progress ?? freshProgress;
  const epochs: R[] = [...(resume?.epochs ?? [])];

  if (resume) await state.write(fitting(resume, engine.step));
  // Fresh weights have no other owner, and those of a large network are worth not keeping twice.
  else await state.write(initialState(engine.step, seed, options.initial), { handOver: options.initial === undefined });
  control?.restore(progress.cappedChannels);
  engine.restore(progress.overflow);
  await trainOn();
  const epsilonScale = control?.epsilonScaleAfter(progress.step) ?? 1;
  return { epochs, progress, interrupted: progress.step < steps, epsilonScale };

  /** Takes the steps that are left, until the signal says stop. */
  async function trainOn(): Promise<void> {
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
      const batch = await pending!;
      pending = step + 1 < steps ? fetchBatch(step + 1) : undefined; // made while this step runs
      const { loss, counts, weight, measurement } = await engine.take(step, rates[step]!, batch, measured);
      clock.stop(batch.items);
      if (measured && measurement && recorder) {
        await recorder.norms(normRows(step + 1, measurement));
        await recorder.log({ type: "layers", step: step + 1, layers: layerRecords(measurement) });
      }
      const { overflow } = engine;
      if (overflow?.firstOverflow && !progress.overflow?.firstOverflow) {
        await recorder?.log({ type: "overflow", ...overflow.firstOverflow });
      }
      progress = {
        ...progress,
        step: step + 1,
        lossSum: progress.lossSum + (weight > 0 ? loss * weight : 0),
        lossWeight: progress.lossWeight + weight,
        counts: addCounts(progress.counts, counts),
        cappedChannels: control?.cappedChannels ?? 0,
        ...(overflow ? { overflow } : {}),
      };
      const itemsPerSecond = clock.rate();
      options.onStep?.({ step: step + 1, steps, epoch: Math.floor(step / stepsPerEpoch) + 1, loss, itemsPerSecond });
      if (endsEpoch) {
        await endEpoch(measurement, itemsPerSecond);
        clock = stopwatch();
      } else if (options.checkpointEvery && (step + 1) % options.checkpointEvery === 0) {
        await save("last");
      }
    }
    if (progress.step < steps && progress.step % stepsPerEpoch !== 0) await save("last");
  }

  async function endEpoch(measurement: Measurement | undefined, itemsPerSecond: number): Promise<void> {
    const epoch = progress.step / stepsPerEpoch;
    const verdict = await options.evaluate?.(control?.epsilonScaleAfter(progress.step) ?? 1);
    const weights = recorder?.snapshot || options.reference ? await trackedWeights() : {};
    await recorder?.snapshot?.(epoch, weights);
    const record = options.record({
      progress,
      epoch,
      stepsPerEpoch,
      learningRate: rates[progress.step - 1]!,
      layers: measurement ? layerRecords(measurement) : {},
      itemsPerSecond,
      verdict,
      weights,
      reference: (await options.reference?.(epoch)) as Record<string, WeightTensor> | undefined,
      cappedChannels: control?.cappedChannels,
    });
    epochs.push(record);
    await recorder?.log(record);
    const improved = verdict !== undefined && verdict.score > (progress.best?.score ?? Number.NEGATIVE_INFINITY);
    progress = {
      ...progress,
      lossSum: 0,
      lossWeight: 0,
      counts: {},
      ...(improved ? { best: { epoch, score: verdict.score } } : {}),
    };
    if (improved) await save("best");
    await save("last");
    options.onEpoch?.(record);
  }

  async function trackedWeights(): Promise<Record<string, WeightTensor>> {
    return (await state.read(engine.step.tracked.map(({ name }) => name))) as Record<string, WeightTensor>;
  }

  async function save(name: "last" | "best"): Promise<void> {
    if (!recorder) return;
    const tensors = await state.read();
    requireFinite(tensors, progress.step);
    await recorder.checkpoint(name, { tensors, progress });
  }
}
