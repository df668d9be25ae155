import type { ReportAssets } from "./assets.js";
import { lineStyle, type PageData } from "./chart.js";
import { escapeHtml, safeUrl } from "./escape.js";
import { checkReport, type ExperimentReport, type ReportTable, stepsPerEpochOf } from "./experiment-report.js";
import { documentHtml } from "./html/document.js";
import { legendHtml } from "./html/legend.js";
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
  const footer =
    "Made by Normwise; charts by uPlot. Drag across a chart to zoom, double-click to see all of it again. " +
    `A curve of more than ${maximumPoints} recorded steps is thinned: each point is the median of its neighbours. ` +
    "This file is complete in itself and asks the network for nothing.";
  const main = [
    resultsHtml(report),
    ...(report.tables ?? []).map(tableHtml),
    panels.length === 0 ? "" : legendHtml(groups),
    ...panels.map(panelHtml),
    `<noscript>${numberTables(panels, groups)}</noscript>`,
    `<div class="details">${runsHtml(groups)}${settingsHtml(report)}</div>`,
  ];
  return documentHtml({ title: report.title, header: headerHtml(report), main, footer, data }, assets);
}

/** The table of runs, where any run has a result. */
function resultsHtml(report: ExperimentReport): string {
  const told = report.runs.some(
    (run) => run.testAccuracy !== undefined || run.trainLoss.length > 0 || run.notes?.length,
  );
  return told ? `<section id="results"><h2>Results</h2>${resultTableHtml(resultRows(report))}</section>` : "";
}

/** What a page begins with. */
export type HeaderText = Pick<ExperimentReport, "title" | "subtitle" | "idea" | "source" | "findings"> &
  Partial<Pick<ExperimentReport, "runs">>;

/** Title, idea and findings. */
export function headerHtml(report: HeaderText): string {
  const { title, subtitle, source, findings } = report;
  const idea = report.idea ?? (report.runs?.some(({ layers }) => layers?.length) ? effectiveRateIdea : undefined);
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

function runsHtml(groups: readonly RunGroup[]): string {
  const items = groups.map(
    ({ label, description }, i) => `<dt>${swatch(i)}${escapeHtml(label)}</dt><dd>${escapeHtml(description)}</dd>`,
  );
  return `<section id="runs"><h2>What each run is</h2><dl class="runs">${items.join("")}</dl></section>`;
}

/** Settings, and the command that makes the page again. */
export function settingsHtml({ settings, command }: Pick<ExperimentReport, "settings" | "command">): string {
  const items = settings.map(([label, value]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`);
  const again =
    command === undefined
      ? ""
      : `<p class="small">To make this report again:</p><pre><code>${escapeHtml(command)}</code></pre>`;
  if (items.length === 0 && again === "") return "";
  return `<section id="settings"><h2>Settings</h2>${again}<dl class="settings">${items.join("")}</dl></section>`;
}
