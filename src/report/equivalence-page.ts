import type { ReportAssets } from "./assets.js";
import { type Chart, lineStyle, type PageData, type Panel } from "./chart.js";
import type { ExperimentReport } from "./experiment-report.js";
import { documentHtml } from "./html/document.js";
import { legendHtml } from "./html/legend.js";
import { panelHtml } from "./html/panel.js";
import { table } from "./html/table.js";
import { significant } from "./number-text.js";
import { headerHtml, settingsHtml } from "./render-report.js";
import { chartView } from "./series.js";

/** A curve over all steps of a schedule. */
export interface ScheduleCurve {
  /** Which of the page's lines it belongs to. */
  readonly line: number;
  /** One value for each step. */
  readonly values: ArrayLike<number>;
}

/** A chart of some curves. */
export interface ScheduleChart {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly yLabel: string;
  readonly scale: "linear" | "log";
  readonly curves: readonly ScheduleCurve[];
}

/** What the page of a translated schedule shows; every text is plain text. */
export interface EquivalencePage
  extends Pick<ExperimentReport, "title" | "subtitle" | "idea" | "findings" | "settings" | "command"> {
  /** The names of the lines; the first is the original's. */
  readonly lines: readonly string[];
  readonly charts: readonly ScheduleChart[];
}

/** The steps that the table for readers without scripts lists. */
const listedSteps = 17;

/** The page of a translated schedule, one HTML document like that of `renderReport`: its rates and norms over the steps. */
export function renderEquivalence(page: EquivalencePage, assets: ReportAssets): string {
  const groups = page.lines.map((label, group) => ({ label, ...lineStyle(group) }));
  const panel: Panel = {
    id: "schedule",
    heading: "Step by step",
    text: "Both runs compute the same function at every step, as far as the translation is exact.",
    choices: [""],
    charts: page.charts.map(chartOf),
  };
  const data: PageData = { position: "step", groups, panels: [panel] };
  const main = [
    legendHtml(groups),
    panelHtml(panel),
    `<section>${valuesTable(page)}</section>`,
    `<div class="details">${settingsHtml(page)}</div>`,
  ];
  const footer =
    "Made by Normwise; charts by uPlot. Drag across a chart to zoom, double-click to see all of it again. " +
    "This file is complete in itself and asks the network for nothing.";
  return documentHtml({ title: page.title, header: headerHtml(page), main, footer, data }, assets);
}

function chartOf({ curves, ...chart }: ScheduleChart): Chart {
  const series = curves.map(({ line, values }) => {
    const y = Array.from(values);
    return { group: line, seed: 0, x: y.map((_, step) => step), y };
  });
  return { ...chart, views: [chartView(series)] };
}

/** Every curve at some steps, evenly spaced, the last included. */
function valuesTable({ charts, lines }: EquivalencePage): string {
  const columns = charts.flatMap(({ yLabel, curves }) =>
    curves.map(({ line, values }) => ({ head: `${yLabel}, ${lines[line]}`, values })),
  );
  const length = Math.max(...columns.map(({ values }) => values.length));
  const count = Math.min(listedSteps, length);
  const steps = Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / Math.max(1, count - 1)));
  const rows = steps.map((step) => [String(step), ...columns.map(({ values }) => significant(values[step]))]);
  return table("At some steps", ["step", ...columns.map(({ head }) => head)], rows);
}
