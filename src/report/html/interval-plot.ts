import { differenceText } from "../number-text.js";
import type { PairedInterval } from "../paired-interval.js";

const width = 176;
const height = 28;

/** The extent of a common axis for the differences: zero and all intervals and seeds. */
export function differenceExtent(differences: readonly PairedInterval[]): readonly [number, number] {
  const ends = differences.flatMap(({ mean, halfWidth = 0, values }) => [
    mean - halfWidth,
    mean + halfWidth,
    ...values,
  ]);
  return [Math.min(0, ...ends), Math.max(0, ...ends)];
}

/** A drawing of a paired difference: every seed a faint dot, the mean a full one, the interval a line, zero dashed. */
export function intervalPlot(difference: PairedInterval, [low, high]: readonly [number, number]): string {
  const at = (value: number) => (8 + ((width - 16) * (value - low)) / (high - low || 1)).toFixed(1);
  const { mean, halfWidth, values } = difference;
  const middle = height / 2;
  const seeds =
    halfWidth === undefined
      ? []
      : values.map((value) => `<circle class="seed" cx="${at(value)}" cy="${middle + 7}" r="2.2"/>`);
  const range =
    halfWidth === undefined
      ? ""
      : `<line class="range" x1="${at(mean - halfWidth)}" x2="${at(mean + halfWidth)}" y1="${middle}" y2="${middle}"/>`;
  return (
    `<svg class="interval" viewBox="0 0 ${width} ${height}" role="img" aria-label="${differenceText(difference, 2)}">` +
    `<line class="zero" x1="${at(0)}" x2="${at(0)}" y1="1" y2="${height - 1}"/>${range}` +
    `<circle class="mean" cx="${at(mean)}" cy="${middle}" r="4"/>${seeds.join("")}</svg>`
  );
}
