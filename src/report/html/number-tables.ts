import type { Chart, ChartLine, ChartView, Panel } from "../chart.js";
import { significant } from "../number-text.js";
import type { RunGroup } from "../result-rows.js";
import { table } from "./table.js";

/** The numbers of the charts as tables, for a reader without scripts: per epoch, or per layer at the end of training. */
export function numberTables(panels: readonly Panel[], groups: readonly RunGroup[]): string {
  const tables = panels.flatMap((panel) =>
    panel.charts.map((chart) =>
      panel.choices.length > 1 ? lastByChoice(panel, chart, groups) : byEpoch(chart, groups),
    ),
  );
  return tables.length === 0 ? "" : `<section><h2>The numbers</h2>${tables.join("")}</section>`;
}

function byEpoch(chart: Chart, groups: readonly RunGroup[]): string {
  const view = chart.views[0]!;
  const epochs = [...new Set(view.x.flat())].sort((a, b) => a - b);
  const lines = groups.map((_, group) => lineOf(view, group));
  const rows = epochs.map((epoch) => {
    const values = lines.map((line) => line?.y[view.x[line.x]!.indexOf(epoch)]);
    return [String(epoch), ...values.map(significant)];
  });
  return table(`${chart.title}, ${chart.yLabel}`, ["epoch", ...groups.map(({ label }) => label)], rows);
}

function lastByChoice(panel: Panel, chart: Chart, groups: readonly RunGroup[]): string {
  const rows = chart.views.map((view, i) => [
    panel.choices[i]!,
    ...groups.map((_, group) => significant(lineOf(view, group)?.y.at(-1))),
  ]);
  const title = `${chart.title} at the end, ${chart.yLabel}`;
  return table(title, [panel.chooser ?? "", ...groups.map(({ label }) => label)], rows);
}

/** The group's mean over seeds, or its only seed. */
function lineOf(view: ChartView, group: number): ChartLine | undefined {
  return view.lines.findLast((line) => line.group === group);
}
