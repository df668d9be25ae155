/** A curve of {@link terminalPlot}; what is not finite, or not positive on a log axis, leaves a gap. */
export interface PlottedLine {
  readonly label: string;
  readonly y: ArrayLike<number>;
  /** Whole by default. */
  readonly style?: "whole" | "dotted";
}

/** How a plot is drawn. */
export interface TerminalPlotOptions {
  /** Characters across, axis included; 76 by default. */
  readonly width?: number;
  /** Lines of the drawing itself; 10 by default. */
  readonly height?: number;
  readonly scale?: "linear" | "log";
  /** What is counted along the axis below, `step` by default. */
  readonly unit?: string;
}

const axisWidth = 9;
/** The dot of a Braille character (from U+2800) by row and column. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/**
 * Curves over the same steps as lines of text, drawn in Braille characters: two dots across and four down in each. A column
 * of dots shows the range of the values that fall on it.
 */
export function terminalPlot(lines: readonly PlottedLine[], options: TerminalPlotOptions = {}): string[] {
  const { width = 76, height = 10, scale = "linear", unit = "step" } = options;
  const columns = 2 * (width - axisWidth);
  const rows = 4 * height;
  const log = scale === "log";
  const map = (value: number): number => (log ? (value > 0 ? Math.log10(value) : Number.NaN) : value);
  let [low, high, length] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const { y } of lines) {
    length = Math.max(length, y.length);
    for (let i = 0; i < y.length; i++) {
      const value = map(y[i]!);
      if (!Number.isFinite(value)) continue;
      [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
  }
  if (low > high) return ["(nothing to draw)"];
  if (log) low = Math.max(low, lowest(lines, map));
  if (high - low <= 1e-6 * Math.abs(high))
    [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];

  const cells = Array.from({ length: height }, () => new Uint8Array(width - axisWidth));
  const rowOf = (value: number): number => Math.min(rows - 1, Math.round(((high - value) / (high - low)) * (rows - 1)));
  for (const { y, style = "whole" } of lines) {
    let last: number | undefined;
    for (let column = 0; column < columns; column++) {
      const [from, to] = [column, column + 1].map((edge) => Math.floor((edge * y.length) / columns)) as [
        number,
        number,
      ];
      const reached: number[] = [];
      for (let i = from; i < Math.max(to, from + 1) && i < y.length; i++) reached.push(rowOf(map(y[i]!)));
      const finite = reached.filter(Number.isFinite);
      if (finite.length === 0) {
        last = undefined;
        continue;
      }
      // Joined to the column before, so that a jump is a line.
      let [top, bottom] = [Math.min(...finite), Math.max(...finite)];
      if (last !== undefined) [top, bottom] = [Math.min(top, last + 1), Math.max(bottom, last - 1)];
      last = finite.at(-1)!;
      if (style === "dotted" && column % 4 > 0) continue;
      for (let row = top; row <= bottom; row++) cells[row >> 2]![column >> 1]! |= dots[row & 3]![(column & 1) as 0 | 1];
    }
  }

  const tick = (value: number): string => shortNumber(log ? 10 ** value : value).padStart(axisWidth - 2);
  const drawn = cells.map((row, i) => {
    const at = high - ((high - low) * (4 * i + 1.5)) / (rows - 1);
    const label = i === 0 ? tick(high) : i === height - 1 ? tick(low) : i === height >> 1 ? tick(at) : "";
    const text = Array.from(row, (bits) => (bits === 0 ? " " : String.fromCharCode(0x2800 + bits))).join("");
    return `${label.padStart(axisWidth - 2)} │${text}`.trimEnd();
  });
  const end = `${unit} ${length}`;
  const legend = lines.map(({ label, style }) => `${style === "dotted" ? "⠄⠄⠄" : "⠤⠤⠤"} ${label}`).join("   ");
  return [
    `${" ".repeat(axisWidth)}${legend}${log ? "   (log axis)" : ""}`,
    ...drawn,
    `${" ".repeat(axisWidth - 1)}└${"─".repeat(width - axisWidth)}`,
    `${" ".repeat(axisWidth)}0${end.padStart(width - axisWidth - 1)}`,
  ];
}

/** A decade below all but the least fiftieth: the last steps of a cosine, near 0, would take up the whole of a log axis. */
function lowest(lines: readonly PlottedLine[], map: (value: number) => number): number {
  const logs = lines.map(({ y }) => Float64Array.from(y, map).filter(Number.isFinite).sort());
  return Math.min(
    ...logs.flatMap((sorted) => (sorted.length === 0 ? [] : [sorted[Math.floor(sorted.length / 50)]! - 1])),
  );
}

/** Three significant digits in at most seven characters. */
function shortNumber(value: number): string {
  const magnitude = Math.abs(value);
  const plain = magnitude === 0 || (magnitude >= 1e-3 && magnitude < 1e5);
  return plain ? String(Number(value.toPrecision(3))) : value.toExponential(1).replace("e+", "e");
}
