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
  const padded = shown.map(([heading, cells], column) => {
    const width = Math.max(...[heading, ...cells].map(widthOf));
    const line = "─".repeat(width);
    return [heading, line, ...cells].map((cell) => {
      const space = " ".repeat(width - widthOf(cell));
      return column === 0 ? cell + space : space + cell;
    });
  });
  const lines = padded[0]!.map((_, i) =>
    padded
      .map((column) => column[i])
      .join("  ")
      .trimEnd(),
  );
  const notes = rows.flatMap((row) => row.notes.map((note) => `${printable(row.group.label)}: ${printable(note)}`));
  const legend =
    seeds > 1 ? [`± standard deviation over ${seeds} seeds; differences are paired by seed, 95% t-interval`] : [];
  return [...lines, ...legend, ...notes].join("\n");
}

/** A terminal obeys control characters, and a name from a file must not command it. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\u{FFFD}");
}

function widthOf(text: string): number {
  return [...text].length;
}
