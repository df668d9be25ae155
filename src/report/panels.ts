import type { Chart, ChartView, Panel } from "./chart.js";
import { type ExperimentReport, type LayerHistory, type ReportRun, stepsPerEpochOf } from "./experiment-report.js";
import { groupRuns } from "./result-rows.js";
import { chartView, type Series } from "./series.js";

/** The charts that a report's runs have data for, in reading order. Charts without data are left out. */
export function panelsOf(report: ExperimentReport): Panel[] {
  return [trainingPanel(report), normPanel(report), directionPanel(report)].filter((panel) => panel.charts.length > 0);
}

function trainingPanel(report: ExperimentReport): Panel {
  const perEpoch = (read: (run: ReportRun) => readonly number[] | undefined): ChartView[] => [
    view(report, (run) => {
      const y = read(run);
      return y && { x: y.map((_, epoch) => epoch + 1), y };
    }),
  ];
  return {
    id: "training",
    heading: "Training",
    text: "One curve for each way of training, epoch by epoch.",
    choices: [""],
    charts: drawable([
      {
        id: "accuracy",
        title: "Validation accuracy",
        caption: "After each epoch, on images kept from training. Selection uses these, never the test set.",
        yLabel: "accuracy (%)",
        scale: "linear",
        toggle: "late",
        views: perEpoch((run) => run.validationAccuracy),
      },
      {
        id: "loss",
        title: "Training loss",
        caption: "Mean cross-entropy over each epoch, in nats.",
        yLabel: "loss (nats)",
        scale: "linear",
        toggle: "log",
        views: perEpoch((run) => run.trainLoss),
      },
      {
        id: "validation-loss",
        title: "Validation loss",
        caption: "Mean cross-entropy after each epoch, in nats.",
        yLabel: "loss (nats)",
        scale: "linear",
        toggle: "log",
        views: perEpoch((run) => run.validationLoss),
      },
    ]),
  };
}

function normPanel(report: ExperimentReport): Panel {
  const layers = unique(report.runs.flatMap((run) => run.layers?.map(({ layer }) => layer) ?? []));
  const perLayer = (read: (layer: LayerHistory) => Omit<Curve, "x"> | undefined): ChartView[] =>
    layers.map((name) =>
      view(report, (run) => {
        const layer = run.layers?.find((candidate) => candidate.layer === name);
        const values = layer && read(layer);
        return values && { x: epochsOf(layer.step, run, report), ...values };
      }),
    );
  return {
    id: "norms",
    heading: "What the norms do",
    text:
      "The weights of these layers are followed by a normalization: their scale changes nothing in the network's output, " +
      "only how far a step turns them.",
    chooser: "layer",
    choices: layers,
    charts: drawable([
      {
        id: "norm",
        title: "Weight norm ‖w‖",
        caption: "Median over the layer's output channels of the Euclidean norm, log axis.",
        yLabel: "‖w‖₂",
        scale: "log",
        band: "range of channels",
        views: perLayer(({ medianNorm: y, minNorm, maxNorm }) => ({
          y,
          ...(minNorm && { low: minNorm }),
          ...(maxNorm && { high: maxNorm }),
        })),
      },
      {
        id: "effective-rate",
        title: "Effective rate η/‖w‖²",
        caption: "How fast the direction can turn, per step, log axis. Runs with the same course train alike.",
        yLabel: "η/‖w‖² per step",
        scale: "log",
        views: perLayer(({ effectiveRate: y }) => ({ y })),
      },
      {
        id: "rotation",
        title: "Rotation per step",
        caption: "Median angle by which one step turns a channel's weight vector, log axis.",
        yLabel: "rotation (rad per step)",
        scale: "log",
        views: perLayer(({ rotation: y }) => y && { y }),
      },
    ]),
  };
}

function directionPanel(report: ExperimentReport): Panel {
  const layers = unique(report.runs.flatMap((run) => run.directionCosine?.layers.map(({ layer }) => layer) ?? []));
  const cosines = (names: readonly string[]): ChartView =>
    view(
      report,
      (run) => {
        const history = run.directionCosine;
        const lists = history?.layers.filter(({ layer }) => names.includes(layer)).map(({ cosine }) => cosine) ?? [];
        const average = (i: number) => lists.reduce((sum, list) => sum + list[i]!, 0) / lists.length;
        return lists.length === 0
          ? undefined
          : { x: epochsOf(history!.step, run, report), y: history!.step.map((_, i) => average(i)) };
      },
      9, // 1 − cosine is also drawn, down to float32's resolution
    );
  const reference = groupRuns(report.runs)[0]!.label;
  return {
    id: "directions",
    heading: "Do the directions follow?",
    text: `The cosine between a run's weights and those of “${reference}” with the same seed, at the same step. 1 is the same direction.`,
    chooser: "layer",
    choices: ["mean over layers", ...layers],
    charts: drawable([
      {
        id: "cosine",
        title: `Cosine to “${reference}”`,
        caption: "Mean over output channels. The second view shows the distance 1 − cosine on a log axis.",
        yLabel: "cosine",
        scale: "linear",
        toggle: "complement",
        views: [cosines(layers), ...layers.map((layer) => cosines([layer]))],
      },
    ]),
  };
}

type Curve = Pick<Series, "x" | "y" | "low" | "high">;

function view(report: ExperimentReport, curve: (run: ReportRun) => Curve | undefined, digits?: number): ChartView {
  const series = groupRuns(report.runs).flatMap(({ runs }, group) =>
    runs.flatMap((run): Series[] => {
      const own = curve(run);
      return own === undefined || own.x.length === 0 ? [] : [{ group, seed: run.seed, ...own }];
    }),
  );
  return chartView(series, digits);
}

function epochsOf(steps: readonly number[], run: ReportRun, report: ExperimentReport): number[] {
  return steps.map((step) => step / stepsPerEpochOf(run, report));
}

function drawable(charts: readonly Chart[]): Chart[] {
  return charts
    .filter((chart) => chart.views.some(({ lines }) => lines.length > 0))
    .map(({ band, ...chart }) => {
      const banded = chart.views.some(({ lines }) => lines.some(({ low }) => low !== undefined));
      return band !== undefined && banded ? { ...chart, band } : chart;
    });
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
