import type { Tensor } from "../core/index.js";
import type { Precision } from "../graph/index.js";
import type { GroupRule, Optimizer, Schedule, StepControl } from "../optim/index.js";
import type { EngineOptions } from "./engine.js";
import type { OverflowOptions } from "./overflow-watch.js";
import type { Checkpoint, EpochBasics, Recorder } from "./records.js";

/** Number formats of a training, and what keeps it from overflowing in them. */
export interface PrecisionOptions extends OverflowOptions {
  /** Number formats that are emulated, in training and evaluation (not in decoding); float32 throughout by default. */
  readonly precision?: Precision;
}

/** What is the same in every training, whatever it trains; R is what it logs of an epoch. */
export interface TrainingOptions<R extends EpochBasics> extends PrecisionOptions {
  readonly epochs: number;
  /** Base learning rate η, per step. */
  readonly learningRate: number;
  /** Multiplies the base rate over the steps; constant by default. */
  readonly schedule?: Schedule;
  readonly optimizer: Optimizer;
  /** Parameters that are treated differently; none by default. */
  readonly groups?: readonly GroupRule[];
  /** Takes over the step size of the scale-invariant weights. */
  readonly control?: StepControl;
  /** Initial weights and batches follow from it; 1 by default. */
  readonly seed?: number;
  /** Parameters and buffers to start from, by name, in place of the seed's; float32. */
  readonly initial?: Readonly<Record<string, Tensor>>;
  /** Norms and rotations are measured every so many steps, and at the end of each epoch; 10 by default. */
  readonly measureEvery?: number;
  /** Whether gradients of the scale-invariant weights are measured with them, as ‖w‖‖g‖; false by default. */
  readonly measureGradients?: boolean;
  /** A checkpoint every so many steps, beside the one at the end of each epoch. */
  readonly checkpointEvery?: number;
  readonly recorder?: Recorder<R>;
  /** Continues from a checkpoint instead of fresh weights. */
  readonly resume?: Checkpoint & { readonly epochs: readonly R[] };
  /** Weights of another run at the end of an epoch, to compare directions with. */
  readonly reference?: (epoch: number) => Promise<Readonly<Record<string, Tensor>>>;
  /** Stops after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Told after each epoch, when its record and checkpoints are written. */
  readonly onEpoch?: (record: R) => void;
}

/** What the engine takes of a training's options. */
export function engineOptionsOf<R extends EpochBasics>(
  options: TrainingOptions<R>,
): Omit<EngineOptions, "objective" | "shape"> {
  const { optimizer, groups, control, measureGradients, precision, lossScale, overflowLimit } = options;
  return {
    optimizer,
    ...(groups ? { groups } : {}),
    ...(control ? { control } : {}),
    ...(measureGradients ? { measureGradients } : {}),
    ...(precision ? { precision } : {}),
    ...(lossScale === undefined ? {} : { lossScale }),
    ...(overflowLimit === undefined ? {} : { overflowLimit }),
  };
}
