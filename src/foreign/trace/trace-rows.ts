import type { Spread } from "../spread-of.js";
import type { WeightTrace } from "./weight-trace.js";

/** One weight at one moment, flat: a row of a table. What was not measured or does not apply is null. */
export interface TraceRow {
  readonly weight: string;
  readonly invariance: string;
  readonly guessed: boolean;
  readonly step: number;
  readonly normMin: number | null;
  readonly normMedian: number | null;
  readonly normMax: number | null;
  readonly effectiveRateMin: number | null;
  readonly effectiveRateMedian: number | null;
  readonly effectiveRateMax: number | null;
  /** Steps that the rest of the row is about. */
  readonly steps: number | null;
  readonly rotationMin: number | null;
  readonly rotationMedian: number | null;
  readonly rotationMax: number | null;
  readonly persistence: number | null;
  readonly predictedRotation: number | null;
  readonly alignment: number | null;
  readonly normLimit: number | null;
  readonly relaxationSteps: number | null;
}

/** Traces as rows, weight after weight; all tables are these. */
export function traceRows(traces: readonly WeightTrace[]): TraceRow[] {
  return traces.flatMap(({ name, invariance, guessed, points }) =>
    points.map((point): TraceRow => {
      const { norm, effectiveRate, rotation } = point;
      return {
        weight: name,
        invariance,
        guessed,
        step: point.step,
        ...spreadColumns("norm", norm),
        ...spreadColumns("effectiveRate", effectiveRate),
        steps: point.steps ?? null,
        ...spreadColumns("rotation", rotation),
        persistence: held(point.persistence),
        predictedRotation: held(point.predictedRotation),
        alignment: held(point.alignment),
        normLimit: held(point.normLimit),
        relaxationSteps: held(point.relaxationSteps),
      };
    }),
  );
}

/** Rows as CSV (RFC 4180, lines that end in LF): a head, then a line for each; null is an empty field. */
export function traceCsv(rows: readonly TraceRow[]): string {
  const quoted = (value: string | number | boolean | null): string => {
    const text = value === null ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [traceColumns, ...rows.map((row) => traceColumns.map((name) => row[name]))]
    .map((line) => `${line.map(quoted).join(",")}\n`)
    .join("");
}

/** The columns of a table of {@link TraceRow}s, in order. */
export const traceColumns: readonly (keyof TraceRow)[] = [
  "weight",
  "invariance",
  "guessed",
  "step",
  "normMin",
  "normMedian",
  "normMax",
  "effectiveRateMin",
  "effectiveRateMedian",
  "effectiveRateMax",
  "steps",
  "rotationMin",
  "rotationMedian",
  "rotationMax",
  "persistence",
  "predictedRotation",
  "alignment",
  "normLimit",
  "relaxationSteps",
];

type SpreadColumns<N extends string> = Record<`${N}Min` | `${N}Median` | `${N}Max`, number | null>;

function spreadColumns<N extends string>(name: N, spread: Spread | undefined): SpreadColumns<N> {
  return {
    [`${name}Min`]: held(spread?.min),
    [`${name}Median`]: held(spread?.median),
    [`${name}Max`]: held(spread?.max),
  } as SpreadColumns<N>;
}

/** JSON has neither NaN nor infinities; the tables have none either. */
const held = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;
