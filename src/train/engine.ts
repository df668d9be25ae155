import { NonFiniteError, scalar, type Tensor } from "../core/index.js";
import type { Program, Runtime, Session, State, Tensors } from "../graph/index.js";
import type { ChannelValues, StepControl, StepDirective } from "../optim/index.js";
import { channelsOf, unflatten } from "./measure.js";
import { epsilonScaleInput, statisticsScaleInput } from "./network-scope.js";
import type { BatchShape, StepBatch } from "./objective.js";
import { diagnosisProgram, normsProgram, rescaleInput, rescaleProgram } from "./side-programs.js";
import {
  controlledRateInput,
  rateInput,
  scalarInput,
  type TrainingStep,
  type TrainingStepOptions,
  trainingStep,
} from "./training-step.js";

/** What a measured step tells of the scale-invariant weights, per channel. */
export interface Measurement {
  /** 2-norms before the step. */
  readonly norms: ChannelValues;
  /** Radians turned in the step. */
  readonly rotations: ChannelValues;
  /** η/‖w‖² with the rate that the step used. */
  readonly effectiveRates: ChannelValues;
}

/** What one step gives. */
export interface StepResult {
  /** Mean over the batch, before the step. */
  readonly loss: number;
  /** The objective's counts over the batch, before the step. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the loss weighs in an epoch's mean: the count that it is a mean over, or 1. */
  readonly weight: number;
  readonly measurement?: Measurement;
}

/** Takes training steps on a state. */
export interface Engine {
  /** The step for batches of the engine's first shape; all but its program holds for every shape. */
  readonly step: TrainingStep;
  /**
   * One step, by the program for the batch's shape.
   * @throws NonFiniteError if the loss is not finite; the state is then as before the step, but for a rescaling.
   */
  take(index: number, scheduledRate: number, batch: StepBatch, measure: boolean): Promise<StepResult>;
  /** Frees the engine's sessions; the state is left. */
  close(): Promise<void>;
}

/** Options of {@link trainingEngine}. `shape` is that of any batch. */
export interface EngineOptions extends Omit<TrainingStepOptions, "measure" | "control"> {
  readonly control?: StepControl;
}

/**
 * Builds the programs of a training and runs them on a state. Programs and sessions are made when first needed, one for
 * each shape of batch.
 */
export function trainingEngine(runtime: Runtime, state: State, options: EngineOptions): Engine {
  const { control, ...rest } = options;
  const stepOptions: TrainingStepOptions = { ...rest, ...(control ? { control } : {}) };
  const plain = trainingStep(stepOptions);
  const { tracked } = plain;
  const programs = new Map([[stepName(options.shape, false), plain.program]]);
  const sessions = new Map<string, Promise<Session>>();
  const session = (name: string, program: () => Program): Promise<Session> => {
    const opened = sessions.get(name) ?? runtime.load(program());
    sessions.set(name, opened);
    return opened;
  };
  const stepProgram = (shape: BatchShape, measure: boolean): Program => {
    const name = stepName(shape, measure);
    const known = programs.get(name) ?? trainingStep({ ...stepOptions, shape, measure }).program;
    programs.set(name, known);
    return known;
  };
  let norms: ChannelValues | undefined;

  async function presentNorms(): Promise<ChannelValues> {
    const { norms: packed } = await (await session("norms", () => normsProgram(tracked))).run({}, { state });
    return unflatten(packed!, tracked);
  }

  async function rescale(factors: number | ChannelValues): Promise<void> {
    const program = await session("rescale", () => rescaleProgram(plain));
    const feeds: Record<string, Tensor> = {};
    for (const parameter of tracked) {
      const channels = channelsOf(parameter);
      const data =
        typeof factors === "number" ? new Float64Array(channels).fill(factors) : factors.get(parameter.name)!;
      feeds[rescaleInput(parameter.name)] = channelTensor(data, parameter.value.rank);
    }
    norms = unflatten((await program.run(feeds, { state })).norms!, tracked);
  }

  function rateFeeds(
    update: number,
    scheduledRate: number,
    directive: StepDirective | undefined,
  ): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, at] of Object.entries(options.optimizer.rule.scalars ?? {})) {
      feeds[scalarInput(name)] = scalar(at(update), "float64");
    }
    for (const { name } of plain.groups) feeds[rateInput(name)] = scalar(scheduledRate, "float64");
    if (directive === undefined) return feeds;
    if (typeof directive.rate === "number") feeds[controlledRateInput()] = scalar(directive.rate, "float64");
    else {
      for (const { name, value } of tracked) {
        feeds[controlledRateInput(name)] = channelTensor(directive.rate.get(name)!, value.rank);
      }
    }
    feeds[epsilonScaleInput] = scalar(directive.epsilonScale ?? 1, "float64");
    feeds[statisticsScaleInput] = scalar(directive.statisticsScale ?? 1, "float64");
    return feeds;
  }

  return {
    step: plain,
    async take(index, scheduledRate, batch, measure) {
      if (control?.needsNorms) norms ??= await presentNorms();
      const directive = await control?.at(index, scheduledRate, norms);
      if (directive?.rescale !== undefined) await rescale(directive.rescale);

      const withNorms = (measure || control?.needsNorms === true) && tracked.length > 0;
      const program = stepProgram(batch.shape, withNorms);
      const run = await session(stepName(batch.shape, withNorms), () => program);
      const feeds = declared(program, { ...batch.feeds, ...rateFeeds(index + 1, scheduledRate, directive) });
      const outputs = await run.run(feeds, { state, guard: "loss" });
      const loss = Number(outputs.loss!.data[0]);
      if (!Number.isFinite(loss)) throw await nonFinite(index, loss, batch.shape, feeds);

      const counts = Object.fromEntries(plain.counts.map((count) => [count, Number(outputs[count]!.data[0])]));
      const { weight } = options.objective;
      const result: StepResult = { loss, counts, weight: weight === undefined ? 1 : counts[weight]! };
      if (!withNorms) return result;
      norms = unflatten(outputs.nextNorms!, tracked);
      const before = unflatten(outputs.norms!, tracked);
      const rate = directive?.rate ?? scheduledRate;
      return {
        ...result,
        measurement: {
          norms: before,
          rotations: unflatten(outputs.rotations!, tracked),
          effectiveRates: effectiveRates(before, rate, plain),
        },
      };
    },
    async close() {
      const opened = await Promise.allSettled(sessions.values()); // one that could not be made was reported then
      sessions.clear();
      for (const result of opened) if (result.status === "fulfilled") await result.value.close();
    },
  };

  /** Finds the first layer, in execution order, whose output is not finite. */
  async function nonFinite(index: number, loss: number, shape: BatchShape, feeds: Tensors): Promise<NonFiniteError> {
    const program = diagnosisProgram(options.objective, shape, { scalesEpsilon: control?.scalesEpsilon ?? false });
    const probe = await runtime.load(program);
    const sums = await probe.run(declared(program, feeds), { state }).finally(() => probe.close());
    const layer =
      Object.keys(program.outputs).find((name) => !Number.isFinite(Number(sums[name]!.data[0]))) ?? "the loss itself";
    return new NonFiniteError(
      `train: expected a finite loss, got ${loss} at step ${index}; first not finite: ${layer}; ` +
        "the last checkpoint is kept; try a lower learning rate",
      index,
      layer,
    );
  }
}

/** Names the program of a step. */
const stepName = (shape: BatchShape, measure: boolean): string =>
  `${measure ? "measured" : "plain"} step of ${shape.join(" × ")}`;

/** Only what the program has inputs for. */
function declared(program: Program, feeds: Tensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => program.graph.inputs.has(name)));
}

/** [C, 1, …], to be broadcast over a weight of the given rank. */
function channelTensor(data: Float64Array, rank: number): Tensor {
  return { dtype: "float64", shape: [data.length, ...new Array<number>(rank - 1).fill(1)], data };
}

function effectiveRates(norms: ChannelValues, rate: number | ChannelValues, step: TrainingStep): ChannelValues {
  const factorOf = (name: string): number =>
    step.groups.find(({ parameters }) => parameters.some((parameter) => parameter.name === name))?.rateFactor ?? 1;
  return new Map(
    [...norms].map(([name, channels]) => {
      const factor = factorOf(name);
      const used = (channel: number): number => factor * (typeof rate === "number" ? rate : rate.get(name)![channel]!);
      return [name, channels.map((norm, channel) => used(channel) / (norm * norm))];
    }),
  );
}
