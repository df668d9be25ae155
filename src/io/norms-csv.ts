import { DataError, expectation, lowerMedian } from "../core/index.js";

/** Norms of a layer over steps, from a table. */
export interface NormTableLayer {
  /** Counted as in the table, increasing. */
  readonly steps: number[];
  /** Median over the rows of a step, such as channels. */
  readonly norm: number[];
  /** The same of the angle, in radians; absent where the table has none. */
  readonly rotation?: number[];
}

/**
 * Reads norms from CSV with the columns `step`, `layer`, `norm` and perhaps `rotation`, in any order and among others; several
 * rows of one layer and step (such as channels) give their median.
 *
 * @param name What errors call the file.
 * @throws DataError naming the line that is wrong.
 */
export function parseNormsCsv(text: string, name: string): ReadonlyMap<string, NormTableLayer> {
  const lines = text.split(/\r?\n/).map((line, i) => ({ at: i + 1, cells: line.trim().split(/\s*[,;\t]\s*/) }));
  const [head, ...rows] = lines.filter(({ cells }) => cells.join("") !== "" && !cells[0]!.startsWith("#"));
  const place = (column: string): number => head?.cells.findIndex((cell) => cell.toLowerCase() === column) ?? -1;
  const [step, layer, norm, rotation] = ["step", "layer", "norm", "rotation"].map(place) as [
    number,
    number,
    number,
    number,
  ];
  if (step < 0 || layer < 0 || norm < 0) {
    throw new DataError(expectation(name, "a header with step, layer and norm", head?.cells.join(",") ?? "nothing"));
  }
  if (rows.length === 0) throw new DataError(expectation(name, "rows below the header", "none"));
  const layers = new Map<string, Map<number, { norm: number[]; rotation: number[] }>>();
  for (const { at, cells } of rows) {
    const read = (column: number, what: string, holds: (value: number) => boolean): number => {
      const value = Number(cells[column] || Number.NaN);
      if (!holds(value)) throw new DataError(expectation(`${name}, line ${at}`, what, cells[column] || "nothing"));
      return value;
    };
    const steps = layers.get(cells[layer] ?? "") ?? new Map<number, { norm: number[]; rotation: number[] }>();
    layers.set(cells[layer] ?? "", steps);
    const number = read(step, "a step ≥ 0", (value) => Number.isInteger(value) && value >= 0);
    const row = steps.get(number) ?? { norm: [], rotation: [] };
    steps.set(number, row);
    row.norm.push(read(norm, "a norm > 0", (value) => value > 0 && value < Infinity));
    if (rotation >= 0) row.rotation.push(read(rotation, "a rotation ≥ 0", (value) => value >= 0 && value < Infinity));
  }
  return new Map(
    [...layers].map(([label, steps]) => {
      const sorted = [...steps].sort(([a], [b]) => a - b);
      const turned = rotation < 0 ? {} : { rotation: sorted.map(([, row]) => lowerMedian(row.rotation)) };
      return [
        label,
        { steps: sorted.map(([at]) => at), norm: sorted.map(([, row]) => lowerMedian(row.norm)), ...turned },
      ];
    }),
  );
}
