import type { Tensor } from "../core/index.js";
import type { Runtime } from "../graph/index.js";
import type { ReportTable } from "../report/index.js";
import type { LoweringOption } from "../runtime/index.js";
import type { EpochRecord, NormRow, RunConfig } from "../train/index.js";

/** One training of an experiment. */
export interface PlannedRun {
  /** Identifies the way of training, such as `decay-off`. */
  readonly name: string;
  /** The name as a reader sees it. */
  readonly label: string;
  /** What this way of training does. */
  readonly description: string;
  readonly config: RunConfig;
}

/** A preset and what a person may change of it. */
export interface ExperimentChoice {
  /** `laptop` (default): minutes on two cores. `paper`: the paper's setting. */
  readonly preset: "laptop" | "paper";
  /** `embedded`, or a folder with data in an official format. */
  readonly data: string;
  readonly threads: number;
  /** `auto` by default. */
  readonly lowering?: LoweringOption;
  /** Overrides the preset's number of epochs; the schedule's positions keep their proportions. */
  readonly epochs?: number;
  /** Overrides the preset's number of training images. */
  readonly images?: number;
}

/** A figure or table of a paper, as trainings to run and what to say of them. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
  /** The idea behind it, one paragraph. */
  readonly idea: string;
  readonly source: { readonly label: string; readonly url: string };
  /**
   * The trainings of one seed, in order: the first is the reference, and later ones may read its folder.
   * @param folderOf Where the run of a name is kept.
   */
  plan(choice: ExperimentChoice, seed: number, folderOf: (run: string) => string): PlannedRun[];
  /** Plain sentences on what is seen. */
  findings(runs: readonly FinishedRun[]): string[];
  /** What is computed beside the trainings, or from what they recorded, if anything. */
  extras?(runtime: Runtime, runs: readonly RecordedRun[]): Promise<ExperimentExtras>;
}

/** What was measured of the scale-invariant weights of a run. */
export interface RecordedNorms {
  /** The measured steps, from 1, increasing. */
  readonly steps: readonly number[];
  /** By layer, in full. */
  at(step: number): ReadonlyMap<string, NormRow>;
}

/** A finished training with its records, read when asked for. */
export interface RecordedRun extends FinishedRun {
  /** What was measured of its layers. */
  norms(): RecordedNorms;
  /** All tensors of the last checkpoint. */
  weights(): Readonly<Record<string, Tensor>>;
}

/** Results that are no training. */
export interface ExperimentExtras {
  readonly tables: readonly ReportTable[];
  readonly findings: readonly string[];
  /** Goes into `summary.json` under `extras`. */
  readonly summary: Readonly<Record<string, unknown>>;
}

/** A training of an experiment with its results. */
export interface FinishedRun {
  readonly run: PlannedRun;
  readonly seed: number;
  readonly epochs: readonly EpochRecord[];
  /** Per cent, on the whole test set, once, at the end; absent for a run that failed. */
  readonly testAccuracy?: number;
  readonly failure?: RunFailure;
  readonly cappedChannels: number;
}

/** How a run ended early, as something was not finite. */
export interface RunFailure {
  /** Counted from 0. */
  readonly step: number;
  /** The first layer, or tensor, that was not finite. */
  readonly layer: string;
}

/** A failure in words, to follow the name of the run. */
export const failureText = ({ step, layer }: RunFailure): string =>
  `failed at step ${step}; first not finite: ${layer}`;

/** One run in `summary.json`; accuracies in per cent, losses in nats. */
export interface RunSummary {
  readonly name: string;
  readonly seed: number;
  /** Null for a run that failed. */
  readonly testAccuracy: number | null;
  readonly failure?: RunFailure;
  /** After each epoch. */
  readonly validationAccuracy: readonly number[];
  /** Of each epoch. */
  readonly trainLoss: readonly number[];
  /** Median over epochs; null for a run that failed in the first. */
  readonly imagesPerSecond: number | null;
  /** Counted over channels and steps. */
  readonly cappedChannels: number;
  /** In half precision: skipped steps, and normalizations whose statistics were not finite, counted over steps. */
  readonly overflowSteps?: number;
  readonly overflowStatistics?: number;
}

/** What `summary.json` holds. */
export interface ExperimentSummary {
  readonly preset: string;
  readonly model: string;
  readonly data: string;
  readonly seeds: readonly number[];
  readonly runs: readonly RunSummary[];
  readonly extras?: Readonly<Record<string, unknown>>;
}
