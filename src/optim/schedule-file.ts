import { DataError, expectation } from "../core/index.js";

/** The learning rates that a file lists, and what else it says of the run. */
export interface ScheduleFile {
  /** η of each step. */
  readonly rates: Float64Array;
  /** λ of the run, of all steps or of each, where the file has it. */
  readonly weightDecay?: number | Float64Array;
  /** Rescalings of the weights that the rates hold with, v ← v/factor before a step; in the order of their steps. */
  readonly rescaleEvents: readonly { readonly step: number; readonly factor: number }[];
}

/**
 * Reads the learning rates of a run from text, one for each step:
 * - CSV: a column of rates, or step and rate, or more columns under a header, of which the last one named `learning_rate`, `lr` or
 *   `rate` (in any spelling) counts, and beside it `step`, `weight_decay` and `rescale`; comma, semicolon, tab or space between.
 *   Steps count from 0 or 1, without a gap. Empty lines and those that start with `#` are passed over.
 * - JSON: a list of rates, or an object with `learningRate` and perhaps `toWeightDecay` and `rescaleEvents`: what
 *   `normwise equivalent` prints, as JSON and as CSV, is read as the schedule it was translated to.
 *
 * @param name What errors call the file.
 * @throws DataError naming the line, or the entry, that is wrong.
 */
export function parseScheduleFile(text: string, name: string): ScheduleFile {
  const first = /\S/.exec(text)?.[0];
  if (first === undefined) throw wrong(name, "learning rates", "an empty file");
  return first === "[" || first === "{" ? fromJson(text, name) : fromCsv(text, name);
}

function fromJson(text: string, name: string): ScheduleFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const fix = /}\s*\n\s*{/.test(text) ? "of a run, give the folder: --from-run FOLDER" : undefined;
    throw new DataError(expectation(name, "JSON", (cause as Error).message, fix), { cause });
  }
  if (Array.isArray(value)) return { rates: numbers(value, name, "entry"), rescaleEvents: [] };
  const object = value as Readonly<Record<string, unknown>>;
  const { learningRate, toWeightDecay, rescaleEvents = [] } = object;
  if (!Array.isArray(learningRate)) {
    const fix = "config" in object ? "of a run, give the folder: --from-run FOLDER" : undefined;
    throw wrong(name, "a list of rates, or an object with learningRate", Object.keys(object).join(", "), fix);
  }
  const rates = numbers(learningRate, name, "learningRate");
  if (!Array.isArray(rescaleEvents)) throw wrong(name, "a list of rescaleEvents", rescaleEvents);
  for (const event of rescaleEvents) {
    const valid = Number.isInteger(event?.step) && event.step >= 0 && event.step < rates.length && event.factor > 0;
    if (!valid) throw wrong(name, "rescaleEvents with a step and a positive factor", JSON.stringify(event));
  }
  const decay = Array.isArray(toWeightDecay) ? numbers(toWeightDecay, name, "toWeightDecay") : toWeightDecay;
  if (decay !== undefined && typeof decay !== "object" && !isRate(decay)) throw wrong(name, "toWeightDecay ≥ 0", decay);
  return { rates, ...(decay === undefined ? {} : { weightDecay: decay as number | Float64Array }), rescaleEvents };
}

function numbers(values: readonly unknown[], name: string, entry: string): Float64Array {
  if (values.length === 0) throw wrong(name, "at least one rate", "an empty list");
  const odd = values.findIndex((value) => !isRate(value));
  if (odd >= 0) throw wrong(`${name}, ${entry} ${odd} (from 0)`, "a number ≥ 0", JSON.stringify(values[odd]));
  return Float64Array.from(values as readonly number[]);
}

function fromCsv(text: string, name: string): ScheduleFile {
  const lines = text.split(/\r?\n/).map((line, i) => ({ at: i + 1, line: line.trim() }));
  const rows = lines
    .filter(({ line }) => line !== "" && !line.startsWith("#"))
    .map(({ at, line }) => ({ at, cells: line.split(/\s*[,;\t]\s*|\s+/) }));
  const head = rows[0]?.cells.some((cell) => Number.isNaN(Number(cell))) ? rows.shift()! : undefined;
  if (rows.length === 0) throw wrong(name, "learning rates", "no line with a number");
  const width = (head ?? rows[0]!).cells.length;
  const columns = head === undefined ? unnamed(width, name) : named(head.cells, `${name}, line ${head.at}`);

  const read = (column: number, expected: string, holds: (value: number) => boolean): Float64Array =>
    Float64Array.from(rows, ({ at, cells }) => {
      const where = `${name}, line ${at}`;
      if (cells.length !== width) throw wrong(where, `${width} column(s), as before`, cells.length);
      const cell = cells[column]!;
      const value = Number(cell);
      if (cell === "" || !holds(value)) throw wrong(where, expected, cell || "nothing");
      return value;
    });
  const rates = read(columns.rate, "a learning rate ≥ 0", isRate);
  if (columns.step !== undefined) {
    const steps = read(columns.step, "a step", Number.isInteger);
    const odd = steps.findIndex((step, i) => (i === 0 ? step !== 0 && step !== 1 : step !== steps[i - 1]! + 1));
    const before = steps[odd - 1];
    const expected = before === undefined ? "step 0 or 1 first" : `step ${before + 1}, one row for each step`;
    if (odd >= 0) throw wrong(`${name}, line ${rows[odd]!.at}`, expected, steps[odd]);
  }
  const decay = columns.decay === undefined ? {} : { weightDecay: read(columns.decay, "a decay ≥ 0", isRate) };
  const factors = columns.rescale === undefined ? [] : read(columns.rescale, "a factor > 0", (value) => value > 0);
  const events = Array.from(factors, (factor, step) => ({ step, factor }));
  return { rates, ...decay, rescaleEvents: events.filter(({ factor }) => factor !== 1) };
}

/** Where the columns are that count. */
interface Columns {
  readonly rate: number;
  readonly step?: number | undefined;
  readonly decay?: number | undefined;
  readonly rescale?: number | undefined;
}

function unnamed(width: number, name: string): Columns {
  if (width > 2) throw wrong(name, "a header that names learning_rate, or at most two columns", `${width} columns`);
  return width === 2 ? { step: 0, rate: 1 } : { rate: 0 };
}

function named(cells: readonly string[], where: string): Columns {
  const names = cells.map((cell) => cell.toLowerCase().replaceAll(/["'_\s-]/g, ""));
  const place = (pattern: RegExp): number | undefined => {
    const index = names.findLastIndex((name) => pattern.test(name));
    return index < 0 ? undefined : index;
  };
  const rate = place(/(learningrate|^lr|^rate)$/);
  if (rate === undefined) throw wrong(where, "a column named learning_rate or lr", cells.join(","));
  return { rate, step: place(/^step$/), decay: place(/^(to)?weightdecay$/), rescale: place(/^rescale$/) };
}

function isRate(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

function wrong(where: string, expected: string, got: unknown, fix?: string): DataError {
  return new DataError(expectation(where, expected, got, fix));
}
