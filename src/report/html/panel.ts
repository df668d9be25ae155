import type { Chart, Panel } from "../chart.js";
import { escapeHtml } from "../escape.js";

const toggleText = { log: "log axis", complement: "1 − cosine, log", late: "second half" } as const;

/** The places of a panel's charts and its controls; the page's script draws into them. */
export function panelHtml(panel: Panel): string {
  const options = panel.choices.map((choice) => `<option>${escapeHtml(choice)}</option>`).join("");
  const chooser =
    panel.chooser === undefined || panel.choices.length < 2
      ? ""
      : `<div class="chooser"><button type="button" data-turn="-1" aria-label="previous ${panel.chooser}">‹</button>` +
        `<label>${escapeHtml(panel.chooser)} <select>${options}</select></label>` +
        `<button type="button" data-turn="1" aria-label="next ${panel.chooser}">›</button></div>`;
  return (
    `<section class="panel" id="${panel.id}"><div class="panel-head"><div><h2>${escapeHtml(panel.heading)}</h2>` +
    `<p>${escapeHtml(panel.text)}</p></div>${chooser}</div><div class="charts">${panel.charts.map(chartHtml).join("")}</div></section>`
  );
}

function chartHtml(chart: Chart): string {
  const box = (name: string, text: string) => `<label><input type="checkbox" ${name}> ${escapeHtml(text)}</label>`;
  const options = [
    chart.band === undefined ? "" : box("data-band", chart.band),
    chart.toggle === undefined ? "" : box("data-toggle", toggleText[chart.toggle]),
  ].join("");
  return (
    `<figure id="chart-${chart.id}"><div class="figure-head"><h3>${escapeHtml(chart.title)}</h3><div class="options">${options}</div></div>` +
    `<div class="y-label">${escapeHtml(chart.yLabel)}</div>` +
    `<div class="plot" role="img" aria-label="${escapeHtml(`${chart.title}, ${chart.yLabel} by epoch`)}"></div>` +
    `<figcaption>${escapeHtml(chart.caption)}</figcaption></figure>`
  );
}
