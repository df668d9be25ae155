import { assertArgument } from "../core/index.js";
import type { ReportAssets } from "./assets.js";
import type { ExperimentReport, LayerHistory, ReportTable } from "./experiment-report.js";
import { renderReport } from "./render-report.js";

/** The course of one weight, as it was and as the theory has it; NaN where nothing was measured or predicted. */
export interface TracedLayer {
  readonly measured: LayerHistory;
  /** The norm and effective rate of the limit that the measured rotation leads to, and the rotation at equilibrium. */
  readonly predicted?: LayerHistory;
}

/** What the page of a trace shows. */
export interface TraceReport {
  readonly title: string;
  readonly subtitle: string;
  /** Plain sentences. */
  readonly findings: readonly string[];
  readonly settings: ExperimentReport["settings"];
  readonly table: ReportTable;
  readonly command: string;
  /** Absent: the page counts steps. */
  readonly stepsPerEpoch?: number;
  readonly layers: readonly TracedLayer[];
}

/**
 * The page of {@link renderReport} for a training that was only watched: norm, effective rate and rotation of every weight, each
 * beside what equilibrium would make of it.
 *
 * @throws InvalidArgumentError if there is no layer, or lists recorded together differ in length.
 */
export function renderTrace(trace: TraceReport, assets: ReportAssets): string {
  const { layers, table, stepsPerEpoch, ...texts } = trace;
  assertArgument(layers.length > 0, "trace report", "at least one weight", layers.length);
  const run = (name: string, label: string, description: string, histories: readonly LayerHistory[]) => ({
    ...{ name, label, description, seed: 0, trainLoss: [], validationAccuracy: [] },
    layers: histories,
  });
  const predicted = layers.flatMap(({ predicted: one }) => one ?? []);
  return renderReport(
    {
      ...texts,
      tables: [table],
      ...(stepsPerEpoch === undefined ? { stepsPerEpoch: 1, position: "step" } : { stepsPerEpoch }),
      runs: [
        run(
          "measured",
          "measured",
          "The training, as its checkpoints or its own record have it.",
          layers.map(({ measured }) => measured),
        ),
        ...(predicted.length === 0
          ? []
          : [
              run(
                "equilibrium",
                "at equilibrium",
                "The rotation at which growth and decay balance, from rate and decay alone; and the norm, with its effective " +
                  "rate, to which the measured rotation would bring the weight if nothing else changed.",
                predicted,
              ),
            ]),
      ],
    },
    assets,
  );
}
