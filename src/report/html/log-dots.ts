import { significant } from "../number-text.js";

const width = 176;
const height = 20;

/** The smallest and the greatest of the positive, finite numbers; undefined where there are none. */
export function positiveExtent(values: readonly number[]): readonly [number, number] | undefined {
  const shown = values.filter((value) => value > 0 && value < Infinity);
  return shown.length === 0 ? undefined : [Math.min(...shown), Math.max(...shown)];
}

/** A drawing of a range on a logarithmic axis: a line from the smallest to the greatest, a dot for the median. */
export function logDots(
  { min, median, max }: { readonly min: number; readonly median: number; readonly max: number },
  [low, high]: readonly [number, number],
  colour: number,
): string {
  const span = Math.log(high / low) || 1;
  const at = (value: number): string => {
    const clipped = Math.min(high, Math.max(low, value));
    return (6 + ((width - 12) * Math.log(clipped / low)) / span).toFixed(1);
  };
  const middle = height / 2;
  const text = `${significant(min)} to ${significant(max)}, median ${significant(median)}`;
  return (
    `<svg class="interval s${colour}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${text}">` +
    `<line class="range" x1="${at(min)}" x2="${at(max)}" y1="${middle}" y2="${middle}"/>` +
    `<circle class="mean" cx="${at(median)}" cy="${middle}" r="4"/></svg>`
  );
}
