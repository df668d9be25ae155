const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/**
 * A curve as a row of bars, on a log axis between its least and its greatest value; a space where there is none. A curve that
 * changes by less than a tenth lies flat in the middle: it has nothing to show.
 *
 * @param width Most characters; a longer list is thinned to every so many of its values, the last one included.
 */
export function sparkline(values: readonly number[], width = 16): string {
  const stride = Math.max(1, (values.length - 1) / Math.max(1, width - 1));
  const count = Math.min(values.length, width);
  const shown = Array.from({ length: count }, (_, i) => values[Math.round(i * stride)]!).map(Math.log);
  const known = shown.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return shown
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      if (high - low < Math.log(1.1)) return bars[3];
      return bars[Math.min(bars.length - 1, Math.floor(((value - low) / (high - low)) * bars.length))];
    })
    .join("");
}
