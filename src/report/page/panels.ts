// Runs in the page as an inline module, after line-chart.ts: nothing here may import a value. See files/assets.ts.
import type UPlot from "uplot";
import type { Chart, PageData, Panel } from "../chart.js";
import type { PageGlobals } from "./line-chart.js";

const { drawLineChart } = globalThis as unknown as PageGlobals;
const root = document.documentElement;
const data = JSON.parse(document.getElementById("data")!.textContent) as PageData;
const hidden = new Set<number>();
const redraws: (() => void)[] = [];

root.dataset.ready = "";
for (const panel of data.panels) wirePanel(panel);
for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-group]")) {
  button.addEventListener("click", () => {
    const group = Number(button.dataset.group);
    if (!hidden.delete(group)) hidden.add(group);
    button.setAttribute("aria-pressed", String(!hidden.has(group)));
    redrawAll();
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
// Paper is light and of another width: the canvases must be drawn for it.
addEventListener("beforeprint", () => setPrinting(true));
addEventListener("afterprint", () => setPrinting(false));

function setPrinting(printing: boolean): void {
  root.toggleAttribute("data-print", printing);
  redrawAll();
}

function redrawAll(): void {
  for (const redraw of redraws) redraw();
}

function wirePanel(panel: Panel): void {
  const section = document.getElementById(panel.id)!;
  const select = section.querySelector<HTMLSelectElement>("select");
  const charts = panel.charts.map((chart) => wireChart(chart, () => select?.selectedIndex ?? 0));
  select?.addEventListener("change", () => {
    for (const redraw of charts) redraw();
  });
  for (const button of section.querySelectorAll<HTMLButtonElement>("button[data-turn]")) {
    button.addEventListener("click", () => {
      const count = panel.choices.length;
      select!.selectedIndex = (select!.selectedIndex + Number(button.dataset.turn) + count) % count;
      select!.dispatchEvent(new Event("change"));
    });
  }
}

/** Draws a chart, keeps it as wide as its place, and returns what draws it anew. */
function wireChart(chart: Chart, view: () => number): () => void {
  const figure = document.getElementById(`chart-${chart.id}`)!;
  const host = figure.querySelector<HTMLElement>(".plot")!;
  const toggle = figure.querySelector<HTMLInputElement>("input[data-toggle]");
  const band = figure.querySelector<HTMLInputElement>("input[data-band]");
  const label = figure.querySelector<HTMLElement>(".y-label")!;
  let plot: UPlot | undefined;
  const redraw = (): void => {
    plot?.destroy();
    const toggled = toggle?.checked ?? false;
    label.textContent = toggled && chart.toggle === "complement" ? `1 − ${chart.yLabel}` : chart.yLabel;
    const { groups, stepsPerEpoch, position = "epoch" } = data;
    const chosen = { chart, view: view(), toggled, banded: band?.checked ?? false, groups, hidden };
    plot = drawLineChart(host, { ...chosen, stepsPerEpoch, position });
  };
  redraw();
  redraws.push(redraw);
  toggle?.addEventListener("change", redraw);
  band?.addEventListener("change", redraw);
  new ResizeObserver(() => {
    if (plot !== undefined && plot.width !== host.clientWidth) {
      plot.setSize({ width: host.clientWidth, height: host.clientHeight });
    }
  }).observe(host);
  return redraw;
}
