import { expectation, NonFiniteError, type Tensor } from "../core/index.js";
import { fullPrecision, isFullPrecision, type Program, type Runtime, type State } from "../graph/index.js";
import type { ChannelValues, StepControl } from "../optim/index.js";
import { diagnosisProgram, firstNotFinite } from "./diagnosis.js";
import { channelsOf, unflatten } from "./measure.js";
import type { BatchShape, StepBatch } from "./objective.js";
import type { OverflowState } from "./overflow.js";
import { type OverflowOptions, overflowWatch } from "./overflow-watch.js";
import { declared, sessionCache } from "./session-cache.js";
import { normsProgram, rescaleInput, rescaleProgram } from "./side-programs.js";
import { channelTensor, effectiveRates, stepFeeds } from "./step-feeds.js";
import { type TrainingStep, type TrainingStepOptions, trainingStep } from "./training-step.js";

/** What a measured step tells of the scale-invariant weights, per channel. */
export interface Measurement {
  /** 2-norms before the step. */
  readonly norms: ChannelValues;
  /** Radians turned in the step. */
  readonly rotations: ChannelValues;
  /** η/‖w‖² with the rate that the step used. */
  readonly effectiveRates: ChannelValues;
  /** ‖w‖‖g‖: 2-norms of the gradient with respect to the weight at unit norm, before any clipping; if they are measured. */
  readonly gradients?: ChannelValues;
}

/** What one step gives. */
export interface StepResult {
  /** Mean over the batch, before the step. */
  readonly loss: number;
  /** The objective's counts over the batch, before the step. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the loss weighs in an epoch's mean: the count that it is a mean over, or 1; 0 if it is not finite. */
  readonly weight: number;
  readonly measurement?: Measurement;
}

/** Takes training steps on a state. */
export interface Engine {
  /** The step for batches of the engine's first shape; all but its program holds for every shape. */
  readonly step: TrainingStep;
  /** What half precision has come to; undefined in full precision. */
  readonly overflow: OverflowState | undefined;
  /** Sets it, when a run is resumed. */
  restore(overflow: OverflowState | undefined): void;
  /**
   * One step, by the program for the batch's shape. In half precision a step with a loss or gradient that is not finite is
   * skipped: the state is as before it, but for a rescaling.
   * @throws NonFiniteError if the loss is not finite, the state being as before likewise; in half precision only where
   *   scaling the loss cannot help any more.
   */
  take(index: number, scheduledRate: number, batch: StepBatch, measure: boolean): Promise<StepResult>;
  /** Frees the engine's sessions; the state is left. */
  close(): Promise<void>;
}

/** Options of {@link trainingEngine}. `shape` is that of any batch. */
export interface EngineOptions extends Omit<TrainingStepOptions, "measure" | "control">, OverflowOptions {
  readonly control?: StepControl;
}

/**
 * Builds the programs of a training and runs them on a state. Programs and sessions are made when first needed, one for
 * each shape of batch.
 */
export function trainingEngine(runtime: Runtime, state: State, options: EngineOptions): Engine {
  const { objective, optimizer, control, precision = fullPrecision } = options;
  const { lossScale: _, overflowLimit: __, ...stepOptions } = options;
  const plain = trainingStep(stepOptions);
  const { tracked } = plain;
  const { program, session, close } = sessionCache(runtime);
  program(stepName(options.shape, false), () => plain.program);
  const watch = isFullPrecision(precision) ? undefined : overflowWatch(plain.watched, options);
  let norms: ChannelValues | undefined;

  async function presentNorms(): Promise<ChannelValues> {
    const { norms: packed } = await (await session("norms", () => normsProgram(tracked))).run({}, { state });
    return unflatten(packed!, tracked);
  }

  async function rescale(factors: number | ChannelValues): Promise<void> {
    const rescaling = await session("rescale", () => rescaleProgram(plain));
    const feeds: Record<string, Tensor> = {};
    for (const parameter of tracked) {
      const channels = channelsOf(parameter);
      const data =
        typeof factors === "number" ? new Float64Array(channels).fill(factors) : factors.get(parameter.name)!;
      feeds[rescaleInput(parameter.name)] = channelTensor(data, parameter.value.rank);
    }
    norms = unflatten((await rescaling.run(feeds, { state })).norms!, tracked);
  }

  return {
    step: plain,
    get overflow() {
      return watch?.state;
    },
    restore(overflow) {
      if (watch && overflow) watch.state = overflow;
    },
    async take(index, scheduledRate, batch, measure) {
      if (control?.needsNorms) norms ??= await presentNorms();
      const directive = await control?.at(index, scheduledRate, norms);
      if (directive?.rescale !== undefined) await rescale(directive.rescale);

      const withNorms = (measure || control?.needsNorms === true) && tracked.length > 0;
      const { shape } = batch;
      const name = stepName(shape, withNorms);
      const make = (): Program => trainingStep({ ...stepOptions, shape, measure: withNorms }).program;
      const run = await session(name, make);
      const { lossScale = 1, overflowSteps = 0 } = watch?.state ?? {};
      const numbers = { update: index + 1 - overflowSteps, scheduledRate, directive, lossScale };
      const feeds = { ...batch.feeds, ...stepFeeds(plain, optimizer, numbers) };
      const guard = watch ? "finite" : "loss";
      const outputs = await run.run(declared(program(name, make), feeds), { state, guard });

      const loss = Number(outputs.loss!.data[0]);
      const diagnose = (): Promise<string> => firstNotFinite(runtime, state, diagnosis(shape), feeds);
      if (!watch && !Number.isFinite(loss)) throw lossNotFinite(index, loss, await diagnose());
      const taken = watch ? await watch.note(index, outputs, diagnose) : true;

      const counts = Object.fromEntries(plain.counts.map((count) => [count, Number(outputs[count]!.data[0])]));
      const weight = objective.weight === undefined ? 1 : counts[objective.weight]!;
      const result: StepResult = { loss, counts, weight: Number.isFinite(loss) ? weight : 0 };
      if (!withNorms) return result;
      const before = unflatten(outputs.norms!, tracked);
      norms = taken ? unflatten(outputs.nextNorms!, tracked) : before;
      const rotations = taken ? unflatten(outputs.rotations!, tracked) : still(before);
      const rates = effectiveRates(before, directive?.rate ?? scheduledRate, plain);
      const gradients = outputs.gradients ? { gradients: unflatten(outputs.gradients, tracked) } : {};
      return { ...result, measurement: { norms: before, rotations, effectiveRates: rates, ...gradients } };
    },
    close,
  };

  function diagnosis(shape: BatchShape): Program {
    const scalesEpsilon = control?.scalesEpsilon ?? false;
    return diagnosisProgram(objective, shape, { scalesEpsilon, precision, scalesLoss: watch !== undefined });
  }
}

/** Names the program of a step. */
const stepName = (shape: BatchShape, measure: boolean): string =>
  `${measure ? "measured" : "plain"} step of ${shape.join(" × ")}`;

/** The rotations of a step that was not taken. */
const still = (norms: ChannelValues): ChannelValues =>
  new Map([...norms].map(([name, { length }]) => [name, new Float64Array(length)]));

function lossNotFinite(index: number, loss: number, layer: string): NonFiniteError {
  const got = `${loss} at step ${index}; first not finite: ${layer}`;
  const fix = "the last checkpoint is kept; try a lower learning rate";
  return new NonFiniteError(expectation("train", "a finite loss", got, fix), index, layer);
}
