import { lineStyle } from "../chart.js";
import { escapeHtml } from "../escape.js";
import { differenceText, fixed, sampleText } from "../number-text.js";
import type { ResultRow } from "../result-rows.js";
import { differenceExtent, intervalPlot } from "./interval-plot.js";
import { swatch } from "./swatch.js";

interface Column {
  readonly heading: string;
  readonly className: string;
  /** HTML of a cell; undefined where the row has nothing to say. */
  readonly cell: (row: ResultRow) => string | undefined;
}

/** The result table: a row for each way of training. Columns that no row fills are left out. */
export function resultTableHtml(rows: readonly ResultRow[]): string {
  const seeds = Math.max(...rows.map((row) => row.group.runs.length));
  const differences = rows.flatMap(({ difference }) => (difference === undefined ? [] : [difference]));
  const extent = differenceExtent(differences);
  const all: Column[] = [
    {
      heading: "test accuracy (%)",
      className: "number lead",
      cell: ({ accuracy }) => accuracy && sampleText(accuracy, 2),
    },
    {
      heading: seeds > 1 ? "difference, points [95%]" : "difference, points",
      className: "number",
      cell: ({ difference }) => difference && differenceText(difference, 2),
    },
    {
      heading: "",
      className: "plotted",
      cell: ({ difference, group }) =>
        difference &&
        `<span class="s${lineStyle(rows.findIndex((row) => row.group === group)).colour}">${intervalPlot(difference, extent)}</span>`,
    },
    {
      heading: "best validation (%)",
      className: "number",
      cell: ({ validation }) => validation && sampleText(validation, 2),
    },
    { heading: "last training loss", className: "number", cell: ({ loss }) => loss && sampleText(loss, 3) },
    {
      heading: "images/s",
      className: "number",
      cell: (row) => row.imagesPerSecond && fixed(row.imagesPerSecond.mean, 0),
    },
  ];
  const columns = all.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));

  const head = columns.map(({ heading, className }) => `<th scope="col" class="${className}">${heading}</th>`);
  const body = rows.map((row, i) => {
    const cells = columns.map(({ heading, className, cell }) => {
      const html = cell(row);
      const isReference = i === 0 && heading.startsWith("difference");
      const missing = isReference ? `<span class="small">reference</span>` : heading === "" ? "" : "–";
      const label = heading === "" ? "" : ` data-label="${heading}"`;
      return `<td class="${className}${html === undefined ? " empty" : ""}"${label}>${html ?? missing}</td>`;
    });
    return `<tr><th scope="row">${swatch(i)}${escapeHtml(row.group.label)}</th>${cells.join("")}</tr>`;
  });
  const legend =
    seeds > 1
      ? `± is the standard deviation over ${seeds} seeds. Differences are to the first row and paired by seed (same initial weights, ` +
        "same batches), with their 95% t-interval; small dots are single seeds, the dashed line is no difference."
      : "One seed: differences have no interval.";
  const notes = rows.flatMap(({ group, notes }) =>
    notes.map((note) => `<li>${escapeHtml(group.label)}: ${escapeHtml(note)}</li>`),
  );
  return (
    `<div class="scroll"><table class="result"><thead><tr><th scope="col">run</th>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>` +
    `<p class="small">${rows.length > 1 ? legend : ""}</p>` +
    (notes.length === 0 ? "" : `<ul class="small notes">${notes.join("")}</ul>`)
  );
}
