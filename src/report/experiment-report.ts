import { assertArgument } from "../core/index.js";

/** What a report shows: findings, settings and runs. Every text in it is plain text; the page escapes it. */
export interface ExperimentReport {
  readonly title: string;
  readonly subtitle?: string;
  /** The idea behind the experiment, one paragraph; a default explains η/‖w‖² where norms were recorded. */
  readonly idea?: string;
  /** Where the experiment comes from, such as a paper. */
  readonly source?: { readonly label: string; readonly url: string };
  /** What is seen, one plain sentence each. */
  readonly findings: readonly string[];
  readonly settings: readonly (readonly [label: string, value: string])[];
  /** Further results that are no training, shown behind the table of runs. */
  readonly tables?: readonly ReportTable[];
  /** The command lines that make this report again. */
  readonly command?: string;
  /** Training steps in an epoch: turns recorded steps into epochs. */
  readonly stepsPerEpoch: number;
  /** What positions are counted in; `epoch` by default. `step` goes with a `stepsPerEpoch` of 1. */
  readonly position?: "epoch" | "step";
  /** The first run's name is the reference that differences are taken to. Several seeds may share a name. */
  readonly runs: readonly ReportRun[];
}

/** A table of plain text. */
export interface ReportTable {
  readonly title: string;
  /** What it shows, a sentence or two. */
  readonly text: string;
  readonly head: readonly string[];
  /** As many cells as the head has, in each row. */
  readonly rows: readonly (readonly string[])[];
}

/** One training: a named way of training, with one seed. */
export interface ReportRun {
  /** Identifies the way of training; runs of one name are averaged over their seeds. */
  readonly name: string;
  /** How the name is written for a reader, such as `decay off, corrected`. */
  readonly label: string;
  /** What this way of training does, one or two sentences. */
  readonly description: string;
  readonly seed: number;
  /** Where it differs from the report's, such as in a comparison of batch sizes. */
  readonly stepsPerEpoch?: number;
  /** Per cent, on the test set, once, at the end. */
  readonly testAccuracy?: number;
  /** Per cent, the best epoch on the validation split. */
  readonly bestValidation?: number;
  /** Mean training loss of each epoch (nats per image, or per token). */
  readonly trainLoss: readonly number[];
  /** Per cent, after each epoch. */
  readonly validationAccuracy: readonly number[];
  /** Mean validation loss after each epoch (nats per image, or per token). */
  readonly validationLoss?: readonly number[];
  readonly imagesPerSecond?: number;
  /** Anything a reader should know, such as the number of capped channels. */
  readonly notes?: readonly string[];
  readonly layers?: readonly LayerHistory[];
  readonly directionCosine?: DirectionHistory;
}

/** The norms of one layer's weight over training: one entry per recorded step. */
export interface LayerHistory {
  readonly layer: string;
  /** The recorded steps, counted from 0. */
  readonly step: readonly number[];
  /** Median over output channels of ‖w‖₂. */
  readonly medianNorm: readonly number[];
  /** Least over output channels of ‖w‖₂. */
  readonly minNorm?: readonly number[];
  /** Greatest over output channels of ‖w‖₂. */
  readonly maxNorm?: readonly number[];
  /** Median over output channels of η/‖w‖₂², per step. */
  readonly effectiveRate: readonly number[];
  /** Median over output channels of the direction's turn in one step, in radians. */
  readonly rotation?: readonly number[];
}

/** How far this run's weights point from those of the reference run with the same seed. */
export interface DirectionHistory {
  readonly step: readonly number[];
  /** Mean over output channels of cos(w, w of the reference), one list per layer. */
  readonly layers: readonly { readonly layer: string; readonly cosine: readonly number[] }[];
}

/**
 * Checks what types cannot: that there is a run, that lists recorded together are equally long, and that no run name has
 * a seed twice. Throws an InvalidArgumentError.
 */
export function checkReport(report: ExperimentReport): void {
  const where = "report";
  assertArgument(report.runs.length > 0, where, "at least one run", report.runs.length);
  for (const { title, head, rows } of report.tables ?? []) {
    const odd = rows.find((row) => row.length !== head.length);
    assertArgument(odd === undefined, where, `${head.length} cells in each row of “${title}”`, odd?.length);
  }
  const seen = new Set<string>();
  for (const run of report.runs) {
    const steps = stepsPerEpochOf(run, report);
    assertArgument(steps > 0 && Number.isFinite(steps), where, "stepsPerEpoch > 0", steps);
    const key = JSON.stringify([run.name, run.seed]);
    const fix = "give different trainings different names";
    assertArgument(!seen.has(key), where, "each seed once per run name", `${run.name}, seed ${run.seed} twice`, fix);
    seen.add(key);
    for (const layer of run.layers ?? []) {
      const { step, medianNorm, minNorm, maxNorm, effectiveRate, rotation } = layer;
      for (const [name, values] of Object.entries({ medianNorm, minNorm, maxNorm, effectiveRate, rotation })) {
        if (values !== undefined) sameLength(`${run.name}, ${layer.layer}, ${name}`, step, values);
      }
    }
    const directions = run.directionCosine;
    for (const { layer, cosine } of directions?.layers ?? []) {
      sameLength(`${run.name}, ${layer}, cosine`, directions!.step, cosine);
    }
  }
}

/** Training steps in an epoch of this run. */
export function stepsPerEpochOf(run: ReportRun, report: Pick<ExperimentReport, "stepsPerEpoch">): number {
  return run.stepsPerEpoch ?? report.stepsPerEpoch;
}

function sameLength(what: string, step: readonly number[], values: readonly number[]): void {
  assertArgument(
    values.length === step.length,
    "report",
    `${step.length} values (one per step) of ${what}`,
    values.length,
  );
}
