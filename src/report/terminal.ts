import type { ExperimentReport } from "./experiment-report.js";
import { differenceText, fixed, sampleText } from "./number-text.js";
import { resultRows } from "./result-rows.js";

/**
 * The result table as aligned plain text: test accuracy (per cent, mean ± standard deviation over seeds), paired
 * difference to the first run with its 95% t-interval (from two seeds on), best validation accuracy, last training loss,
 * images per second. Columns that no run has are left out; notes follow below.
 */
export function resultTable(report: ExperimentReport): string {
  const rows = resultRows(report);
  const seeds = Math.max(...rows.map((row) => row.group.runs.length));
  const columns: [heading: string, cells: string[]][] = [
    ["run", rows.map((row) => printable(row.group.label))],
    ["test accuracy %", rows.map((row) => sampleText(row.accuracy, 2))],
    [
      seeds > 1 ? "difference [95%]" : "difference",
      rows.map((row, i) => (i === 0 ? "reference" : differenceText(row.difference, 2))),
    ],
    ["best validation %", rows.map((row) => sampleText(row.validation, 2))],
    ["train loss", rows.map((row) => sampleText(row.loss, 3))],
    ["images/s", rows.map((row) => fixed(row.imagesPerSecond?.mean, 0))],
  ];
  const shown = columns.filter(([, cells]) => cells.some((cell) => cell !== "–" && cell !== "reference"));
  const heads = shown.map(([heading]) => heading);
  const lines = alignedTable(
    heads,
    rows.map((_, row) => shown.map(([, cells]) => cells[row]!)),
  );
  const notes = rows.flatMap((row) => row.notes.map((note) => `${printable(row.group.label)}: ${printable(note)}`));
  const legend =
    seeds > 1 ? [`± standard deviation over ${seeds} seeds; differences are paired by seed, 95% t-interval`] : [];
  return [...lines, ...legend, ...notes].join("\n");
}

/** A table of plain text, line by line: the first column flush left, the others, which hold numbers, flush right. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => widthOf(row[column]!))));
  const rule = widths.map((width) => "─".repeat(width));
  return [head, rule, ...rows].map((row) =>
    row
      .map((cell, column) => {
        const space = " ".repeat(widths[column]! - widthOf(cell));
        return column === 0 ? cell + space : space + cell;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** A terminal obeys control characters, and a name from a file must not command it. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\u{FFFD}");
}

function widthOf(text: string): number {
  return [...text].length;
}
