import type { Engine } from "./engines.js";
import { factsOf, type Model } from "./models.js";
import type { Timing } from "./rounds.js";
import { median, pairedRatio, rounded } from "./statistics.js";

/** A line of the result: the speed of one engine's training step. Ratios are medians of the ratios within rounds. */
export interface ResultRow {
  readonly model: Model;
  readonly threads: number;
  readonly engine: Engine;
  /** Of the transformer, sentences per second. */
  readonly imagesPerSecond: number;
  /** Slowest and fastest round. */
  readonly range: readonly [number, number];
  readonly batch: number;
  readonly peakMegabytes: number;
  /** This rate divided by PyTorch's in its default layout. */
  readonly ratioToTorch?: number;
  /**
   * The same of images per second of processor time, for one thread only: more threads wait in loops. Where other programs
   * take turns with ours on the processors, this is the ratio to look at.
   */
  readonly processorRatioToTorch?: number;
  /** This rate divided by PyTorch's with channels_last. */
  readonly ratioToTorchChannelsLast?: number;
  /** This rate divided by that of the portable lowering. */
  readonly ratioToPortable?: number;
  /** Time of a step divided by that of the model that this one is a variant of. */
  readonly timeRatioToBase?: number;
  /** The same of processor time, for one thread only. */
  readonly processorTimeRatioToBase?: number;
  /** Time of a step that measures norms and rotations divided by one that does not. */
  readonly timeRatioOfMeasuring?: number;
  /** From the description of the network to a session that runs. */
  readonly creationMilliseconds?: number;
  /** Numbers that are trained. */
  readonly parameters?: number;
  /** What exactly took the steps. */
  readonly about?: string;
  /** Processors that others used meanwhile. */
  readonly othersBusy: number;
}

/** The lines of a contest. */
export function resultRows(threads: number, timings: readonly Timing[]): ResultRow[] {
  const find = (model: string, engine: Engine): Timing | undefined =>
    timings.find((timing) => timing.model === model && timing.engine === engine);
  return timings.map((timing) => {
    const { engine, rates, batch, last, others } = timing;
    const model = timing.model as Model;
    const own = engine.startsWith("normwise");
    const base = factsOf(model).variantOf;
    const torch = find(model, "torch");
    return {
      model,
      threads,
      engine,
      imagesPerSecond: rounded(median(rates), 2),
      range: [rounded(Math.min(...rates), 2), rounded(Math.max(...rates), 2)],
      batch,
      peakMegabytes: Math.round(last.peakMegabytes),
      ...(engine === "torch" ? { ratioToTorch: 1 } : ratio("ratioToTorch", timing, torch)),
      ...(threads === 1 ? processorRatio("processorRatioToTorch", timing, torch) : {}),
      ...(own ? ratio("ratioToTorchChannelsLast", timing, find(model, "torch-channels-last")) : {}),
      ...(engine === "normwise" ? ratio("ratioToPortable", timing, find(model, "normwise-portable")) : {}),
      ...(base ? ratio("timeRatioToBase", find(base, engine), timing) : {}),
      ...(base && threads === 1 ? processorRatio("processorTimeRatioToBase", find(base, engine), timing) : {}),
      ...(engine === "normwise-measuring" ? ratio("timeRatioOfMeasuring", find(model, "normwise"), timing) : {}),
      ...(last.creationMilliseconds === undefined
        ? {}
        : { creationMilliseconds: Math.round(last.creationMilliseconds) }),
      ...(last.parameters === undefined ? {} : { parameters: last.parameters }),
      ...(last.about === undefined ? {} : { about: last.about }),
      othersBusy: rounded(others, 2),
    };
  });
}

type Ratio<K extends string> = { readonly [key in K]?: number };

/** The ratio of two rates under a name; nothing where one was not measured, or both are one. */
const ratio = <K extends string>(name: K, a: Timing | undefined, b: Timing | undefined): Ratio<K> =>
  a && b && a !== b ? ({ [name]: rounded(pairedRatio(a.rates, b.rates), 3) } as Ratio<K>) : {};

/** The same of the rates per processor second. */
const processorRatio = <K extends string>(name: K, a: Timing | undefined, b: Timing | undefined): Ratio<K> =>
  a && b && a !== b ? ({ [name]: rounded(pairedRatio(a.processorRates, b.processorRates), 3) } as Ratio<K>) : {};

/** What stands above {@link resultLine}. */
export const resultHeading = [
  "model".padEnd(14),
  "threads ",
  "engine".padEnd(21),
  "images/s".padStart(9),
  "  (range)".padEnd(20),
  "of torch".padStart(9),
  "by CPU".padStart(8),
  "peak MB".padStart(9),
  "others".padStart(8),
  "   ",
].join("");

/** A line of the table. */
export function resultLine(row: ResultRow): string {
  const digits = row.imagesPerSecond < 100 ? 2 : 0;
  const [slowest, fastest] = row.range.map((rate) => rate.toFixed(digits));
  return [
    row.model.padEnd(14),
    String(row.threads).padEnd(8),
    row.engine.padEnd(21),
    row.imagesPerSecond.toFixed(digits).padStart(9),
    `  (${slowest}–${fastest})`.padEnd(20),
    (row.ratioToTorch?.toFixed(3) ?? "").padStart(9),
    (row.processorRatioToTorch?.toFixed(3) ?? "").padStart(8),
    String(row.peakMegabytes).padStart(9),
    row.othersBusy.toFixed(2).padStart(8),
    "   ",
    remarks(row),
  ]
    .join("")
    .trimEnd();
}

function remarks(row: ResultRow): string {
  const { model, timeRatioToBase, timeRatioOfMeasuring, ratioToTorchChannelsLast, ratioToPortable } = row;
  const base = factsOf(model).variantOf;
  const said: string[] = [];
  if (timeRatioToBase !== undefined) {
    const byProcessor = row.processorTimeRatioToBase;
    const also = byProcessor === undefined ? "" : ` (by CPU ${byProcessor.toFixed(3)})`;
    said.push(`${timeRatioToBase.toFixed(3)} × the time of ${base}${also}`);
  }
  if (timeRatioOfMeasuring !== undefined) said.push(`measuring norms: ${percent(timeRatioOfMeasuring - 1)} more time`);
  if (row.engine === "normwise") {
    if (ratioToTorchChannelsLast !== undefined) said.push(`${ratioToTorchChannelsLast.toFixed(3)} of channels_last`);
    if (ratioToPortable !== undefined) said.push(`${ratioToPortable.toFixed(3)} of portable`);
    if (row.creationMilliseconds !== undefined) said.push(`ready in ${row.creationMilliseconds} ms`);
  }
  return said.join("; ");
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
