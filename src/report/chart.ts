/** A curve of one seed, or the mean over the seeds of one name. A point without a value is null. */
export interface ChartLine {
  /** Index of the run group: its colour and its place in the legend. */
  readonly group: number;
  readonly seed: number | "mean";
  /** Index into {@link ChartView.x}. */
  readonly x: number;
  readonly y: readonly (number | null)[];
  /** Edges of a band around the curve. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

/** One choice of a panel's selector, such as a layer. */
export interface ChartView {
  /** Positions in epochs; lines with the same positions share a list. */
  readonly x: readonly (readonly number[])[];
  readonly lines: readonly ChartLine[];
}

/** What a second way of showing a chart does: a log axis, a log axis of 1 − y, or the second half of training alone. */
export type ChartToggle = "log" | "complement" | "late";

/** A chart, ready to draw: one view for each choice of its panel. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** Says what is drawn, with its unit. */
  readonly caption: string;
  readonly yLabel: string;
  readonly scale: "linear" | "log";
  readonly toggle?: ChartToggle;
  /** What the bands of its lines are, where it has any. */
  readonly band?: string;
  readonly views: readonly ChartView[];
}

/** A section of charts that share a selector. */
export interface Panel {
  readonly id: string;
  readonly heading: string;
  readonly text: string;
  /** What the selector chooses, such as `layer`, and its choices; a single choice needs no selector. */
  readonly chooser?: string;
  readonly choices: readonly string[];
  readonly charts: readonly Chart[];
}

/** The name of a group's lines and the way they are drawn. */
export interface ChartGroup extends LineStyle {
  readonly label: string;
}

/** How a group's lines look, in charts, legend and table alike. */
export interface LineStyle {
  /** Number of its colour in the style sheet: `--run-0`, `--run-1`, …. */
  readonly colour: number;
  /** Lengths of strokes and gaps in pixels; empty for a whole line. */
  readonly dash: readonly number[];
  /** The reference is a broad band of colour behind the others, so that what coincides with it is seen to. */
  readonly broad: boolean;
}

/** All that the page's script reads. */
export interface PageData {
  /** Turns positions back into steps; absent where runs differ in it. */
  readonly stepsPerEpoch?: number;
  /** What positions are counted in; `epoch` if absent. */
  readonly position?: "epoch" | "step";
  readonly groups: readonly ChartGroup[];
  readonly panels: readonly Panel[];
}

const dashes = [[], [], [8, 4], [], [2, 3], [10, 3, 2, 3], [5, 2], []] as const;

/** The style of a group. More groups than the page has colours start over. */
export function lineStyle(group: number): LineStyle {
  const colour = group % dashes.length;
  return { colour, dash: dashes[colour]!, broad: group === 0 };
}
