import type { TracePoint, WeightTrace } from "../foreign/index.js";
import { alignedTable, type ReportTable, significant, sparkline, type TracedLayer } from "../report/index.js";
import type { Traced } from "./trace-source.js";

/** Rotations within this factor of the equilibrium's count as there. */
const near = 1.15;
/** Below this persistence so much of a move is taken back that the rotation of a step is told roughly. */
const heldBack = -0.25;

/** Whether a rotation comes from checkpoints so far apart that it may be off by a fifth, or more. */
const isRough = ({ steps = 1, persistence = -1 }: TracePoint): boolean => steps > 1 && persistence < heldBack;

/** The final state of every weight, one line each. */
export function traceTable(traces: readonly WeightTrace[]): ReportTable {
  return {
    title: "Every weight at the end",
    text:
      "Norms: median over channels, and their range; the course of the median on a log axis. Effective rate η/‖w‖² per step. Rotation: " +
      "angle of one step, median over channels, and in parts of what it is at equilibrium. Limit: the norm that this rotation leads to, " +
      "and the steps in which the distance from it falls by e.",
    head: [
      "weight",
      "invariant",
      "‖w‖₂",
      "range",
      "course",
      "η/‖w‖²",
      "rotation",
      "of equilibrium",
      "limit",
      "steps to it",
    ],
    rows: traces.map(rowOf),
  };
}

function rowOf({ name, invariance, guessed, points }: WeightTrace): string[] {
  const last = points.at(-1)!;
  const moved = points.findLast(({ rotation }) => rotation !== undefined) ?? last;
  const { norm, effectiveRate } = last;
  const roughly = isRough(moved) ? "≈ " : "";
  const percent = moved.alignment === undefined ? "–" : `${roughly}${Math.round(100 * moved.alignment)}%`;
  return [
    name,
    invariance + (guessed && invariance !== "none" ? "?" : ""),
    significant(norm.median),
    `${significant(norm.min)} … ${significant(norm.max)}`,
    sparkline(points.map((point) => point.norm.median)),
    significant(effectiveRate.median),
    moved.rotation === undefined ? "–" : roughly + significant(moved.rotation.median),
    percent,
    significant(moved.normLimit),
    moved.relaxationSteps === undefined ? "–" : String(Math.round(moved.relaxationSteps)),
  ];
}

/** The table and what is to be known beside it, for a terminal. */
export function traceText(traced: Traced): string {
  const { head, rows } = traceTable(traced.traces);
  const shown = head.map((_, column) => rows.some((row) => row[column]!.trim() !== "–"));
  const pick = (cells: readonly string[]): string[] => cells.filter((_, column) => shown[column]);
  const lines = alignedTable(pick(head), rows.map(pick));
  return `${[...lines, "", ...findingsOf(traced)].join("\n")}\n`;
}

/** What the numbers say, in sentences. */
export function findingsOf({ traces, notes }: Traced): string[] {
  const finals = traces.flatMap(({ points }) => points.findLast(({ alignment }) => alignment !== undefined) ?? []);
  const between = (low: number, high: number): number =>
    finals.filter(({ alignment }) => alignment! >= low && alignment! < high).length;
  const there = between(1 / near, near);
  const [growing, shrinking] = [between(near, Infinity), between(0, 1 / near)];
  const told =
    finals.length === 0
      ? []
      : [
          `${there} of ${finals.length} weights turn as equilibrium says (within ${Math.round(100 * (near - 1))}%)` +
            (growing > 0 ? `, ${growing} faster: their norms grow` : "") +
            (shrinking > 0 ? `, ${shrinking} slower: decay shortens them` : ""),
        ];
  const distant = traces.filter(({ points }) => (points.at(-1)?.steps ?? 1) > 1);
  const rough = distant.filter(({ points }) => points.at(-1)?.rotation !== undefined && isRough(points.at(-1)!)).length;
  const lost = distant.filter(({ points }) => points.at(-1)?.rotation === undefined).length;
  const exact = "two checkpoints one step apart give the rotation exactly";
  return [
    ...told,
    ...(rough > 0
      ? [`rotations marked ≈ are told from moves of which much is taken back, and may be a fifth off; ${exact}`]
      : []),
    ...(lost > 0
      ? [`${lost} directions have turned too far between the last two checkpoints to tell a rotation; ${exact}`]
      : []),
    ...notes,
  ];
}

/** A weight's course for the page. */
export function tracedLayer({ name, points }: WeightTrace): TracedLayer {
  const of = (read: (point: (typeof points)[number]) => number | undefined): number[] =>
    points.map((point) => read(point) ?? Number.NaN);
  const step = points.map((point) => point.step);
  const predicted = points.some(({ predictedRotation }) => predictedRotation !== undefined);
  return {
    measured: {
      layer: name,
      step,
      medianNorm: of(({ norm }) => norm.median),
      minNorm: of(({ norm }) => norm.min),
      maxNorm: of(({ norm }) => norm.max),
      effectiveRate: of(({ effectiveRate }) => effectiveRate.median),
      rotation: of(({ rotation }) => rotation?.median),
    },
    ...(predicted && {
      predicted: {
        layer: name,
        step,
        medianNorm: of(({ normLimit }) => normLimit),
        effectiveRate: of(({ normLimit, norm, effectiveRate }) =>
          normLimit === undefined ? undefined : effectiveRate.median * (norm.median / normLimit) ** 2,
        ),
        rotation: of(({ predictedRotation }) => predictedRotation),
      },
    }),
  };
}
