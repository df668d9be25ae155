import type { ReportAssets } from "./assets.js";
import { lineStyle, type PageData } from "./chart.js";
import { embedJson, escapeHtml, safeUrl } from "./escape.js";
import { checkReport, type ExperimentReport, type ReportTable, stepsPerEpochOf } from "./experiment-report.js";
import { numberTables } from "./html/number-tables.js";
import { panelHtml } from "./html/panel.js";
import { resultTableHtml } from "./html/result-table.js";
import { swatch } from "./html/swatch.js";
import { table } from "./html/table.js";
import { panelsOf } from "./panels.js";
import { groupRuns, type RunGroup, resultRows } from "./result-rows.js";
import { maximumPoints } from "./series.js";

/** The idea that a report with recorded norms explains when it brings no other. */
export const effectiveRateIdea =
  "A weight that is followed by a normalization has no use for its length: twice the weight gives the same output, and half " +
  "the gradient. A step of size η then turns its direction as a step of size η/‖w‖² would turn a weight of length one. " +
  "Weight decay acts on such weights only through the norm: it keeps ‖w‖ small, and so the effective step size η/‖w‖² large. " +
  "Whoever sets that step size otherwise should see the same training without any decay.";

/**
 * The report as one HTML document that needs nothing else: styles, scripts and numbers are inside it, a content security
 * policy allows these and nothing more. Readable without scripts. Throws an InvalidArgumentError for a report whose
 * lists do not fit together.
 */
export function renderReport(report: ExperimentReport, assets: ReportAssets): string {
  checkReport(report);
  const groups = groupRuns(report.runs);
  const panels = panelsOf(report);
  const data: PageData = {
    ...(report.position === "step" && { position: "step" }),
    ...(report.position !== "step" &&
      report.runs.every((run) => stepsPerEpochOf(run, report) === report.stepsPerEpoch) && {
        stepsPerEpoch: report.stepsPerEpoch,
      }),
    groups: groups.map(({ label }, group) => ({ label, ...lineStyle(group) })),
    panels,
  };
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${policy(assets)}">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="generator" content="Normwise">`,
    `<title>${escapeHtml(report.title)}</title><link rel="icon" href="data:,">`,
    ...assets.styles.map(({ text }) => `<style>${text}</style>`),
    `</head><body>`,
    headerHtml(report),
    `<main>${resultsHtml(report)}`,
    ...(report.tables ?? []).map(tableHtml),
    panels.length === 0 ? "" : legendHtml(groups),
    ...panels.map(panelHtml),
    `<noscript>${numberTables(panels, groups)}</noscript>`,
    `<div class="details">${runsHtml(groups)}${settingsHtml(report)}</div></main>`,
    `<footer class="small">Made by Normwise; charts by uPlot. Drag across a chart to zoom, double-click to see all of it again. `,
    `A curve of more than ${maximumPoints} recorded steps is thinned: each point is the median of its neighbours. `,
    `This file is complete in itself and asks the network for nothing.</footer>`,
    `<script type="application/json" id="data">${embedJson(data)}</script>`,
    `<script>${assets.library.text}</script>`,
    ...assets.modules.map(({ text }) => `<script type="module">${text}</script>`),
    `</body></html>\n`,
  ].join("\n");
}

/** The table of runs, where any run has a result. */
function resultsHtml(report: ExperimentReport): string {
  const told = report.runs.some(
    (run) => run.testAccuracy !== undefined || run.trainLoss.length > 0 || run.notes?.length,
  );
  return told ? `<section id="results"><h2>Results</h2>${resultTableHtml(resultRows(report))}</section>` : "";
}

/** Scripts and styles by their hashes, nothing else; what a script sets through `element.style` needs no permission. */
function policy({ styles, library, modules }: ReportAssets): string {
  const hashes = (texts: readonly { hash: string }[]) => texts.map(({ hash }) => `'${hash}'`).join(" ");
  return (
    `default-src 'none'; script-src ${hashes([library, ...modules])}; style-src ${hashes(styles)}; ` +
    "img-src data:; base-uri 'none'; form-action 'none'"
  );
}

function headerHtml(report: ExperimentReport): string {
  const { title, subtitle, source, findings } = report;
  const idea = report.idea ?? (report.runs.some(({ layers }) => layers?.length) ? effectiveRateIdea : undefined);
  const url = source && safeUrl(source.url);
  const link =
    source && (url ? `<a href="${escapeHtml(url)}">${escapeHtml(source.label)}</a>` : escapeHtml(source.label));
  const list = findings.map((finding) => `<li>${escapeHtml(finding)}</li>`).join("");
  return [
    `<header><h1>${escapeHtml(title)}</h1>`,
    subtitle === undefined ? "" : `<p class="subtitle">${escapeHtml(subtitle)}</p>`,
    `<div class="opening">`,
    idea === undefined && link === undefined
      ? ""
      : `<div><p>${escapeHtml(idea ?? "")}</p><p class="small">${link ?? ""}</p></div>`,
    findings.length === 0 ? "" : `<div class="findings"><h3>What is seen</h3><ul>${list}</ul></div>`,
    `</div></header>`,
  ].join("");
}

function tableHtml({ title, text, head, rows }: ReportTable): string {
  return `<section><p>${escapeHtml(text)}</p>${table(title, head, rows)}</section>`;
}

function legendHtml(groups: readonly RunGroup[]): string {
  const buttons = groups.map(
    ({ label }, i) =>
      `<button type="button" data-group="${i}" aria-pressed="true">${swatch(i)}${escapeHtml(label)}</button>`,
  );
  return `<div class="legend" role="group" aria-label="runs shown in the charts">${buttons.join("")}</div>`;
}

function runsHtml(groups: readonly RunGroup[]): string {
  const items = groups.map(
    ({ label, description }, i) => `<dt>${swatch(i)}${escapeHtml(label)}</dt><dd>${escapeHtml(description)}</dd>`,
  );
  return `<section id="runs"><h2>What each run is</h2><dl class="runs">${items.join("")}</dl></section>`;
}

function settingsHtml({ settings, command }: ExperimentReport): string {
  const items = settings.map(([label, value]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`);
  const again =
    command === undefined
      ? ""
      : `<p class="small">To make this report again:</p><pre><code>${escapeHtml(command)}</code></pre>`;
  if (items.length === 0 && again === "") return "";
  return `<section id="settings"><h2>Settings</h2>${again}<dl class="settings">${items.join("")}</dl></section>`;
}
