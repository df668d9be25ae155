import { statSync } from "node:fs";
import { assertArgument, lowerMedian } from "../core/index.js";
import { type NormBasis, type NormCourse, normBases, ratesFromNorms, translateSchedule } from "../dynamics/index.js";
import { readRun } from "../io/files/index.js";
import { parseNormsCsv } from "../io/index.js";
import { type Course, courseOf, readText } from "./equivalent-course.js";
import type { EquivalentArguments } from "./equivalent-options.js";

/** Rates estimated from norms, of each layer and of all. */
export interface NormEstimate {
  readonly basis: NormBasis;
  readonly rates: Float64Array;
  readonly layers: readonly { readonly layer: string; readonly rates: Float64Array }[];
  /** Geometric mean over the layers. */
  readonly mean: Float64Array;
  /** The exact rates, where the decay is known and it can be removed. */
  readonly exact?: Float64Array;
}

/** Estimates the rates without decay from the norms of `--norms`; see `ratesFromNorms`. */
export function estimateFromNorms(args: EquivalentArguments): NormEstimate {
  const course = courseOf(args);
  const { rates, momentum, optimizer } = course;
  const recorded = readNorms(args.norms!);
  const without = args["norms-without"] === undefined ? undefined : readNorms(args["norms-without"]);
  const estimates = [...recorded].map(([layer, norms]) => {
    const other = without?.get(layer);
    const known = [...(without?.keys() ?? [])].join(", ");
    assertArgument(without === undefined || other !== undefined, "--norms-without", `the layer ${layer} too`, known);
    const options = { rates, recorded: norms, momentum, optimizer, ...(other === undefined ? {} : { without: other }) };
    return { layer, ...ratesFromNorms(options) };
  });
  const mean = rates.map((rate, step) => {
    const logs = estimates.reduce((sum, estimate) => sum + Math.log(estimate.rates[step]!), 0);
    return rate === 0 ? 0 : Math.exp(logs / estimates.length);
  });
  const exact = exactRates(course);
  const layers = estimates.map(({ layer, rates: estimated }) => ({ layer, rates: estimated }));
  return { basis: estimates[0]!.basis, rates, layers, mean, ...(exact === undefined ? {} : { exact }) };
}

function exactRates({ weightDecay, ...course }: Course): Float64Array | undefined {
  return weightDecay === undefined ? undefined : translateSchedule({ ...course, weightDecay }).learningRate;
}

/** The estimate as `json` or `csv`. Throws an InvalidArgumentError for another format. */
export function formatEstimate({ basis, rates, layers, mean, exact }: NormEstimate, format = "json"): string {
  if (format === "json") {
    const content = {
      basis,
      assumes: normBases[basis],
      learningRate: Array.from(mean),
      layers: layers.map((layer) => ({
        layer: layer.layer,
        learningRate: Array.from(layer.rates),
        ...(exact === undefined ? {} : { apart: apartBy(layer.rates, exact) }),
      })),
      ...(exact === undefined ? {} : { apart: apartBy(mean, exact), exactLearningRate: Array.from(exact) }),
    };
    return `${JSON.stringify(content)}\n`;
  }
  assertArgument(format === "csv", "--format", "json or csv for an estimate", format);
  const columns: [string, ArrayLike<number>][] = [
    ["learning_rate", rates],
    ["estimated_learning_rate", mean],
    ...(exact === undefined ? [] : ([["exact_learning_rate", exact]] as [string, ArrayLike<number>][])),
    ...layers.map((layer): [string, ArrayLike<number>] => [layer.layer, layer.rates]),
  ];
  const rows = Array.from(rates, (_, step) => [step, ...columns.map(([, values]) => values[step])].join(","));
  return `${[["step", ...columns.map(([name]) => name)].join(","), ...rows].join("\n")}\n`;
}

/** What is to be known of an estimate, as sentences. */
export function describeEstimate({ basis, layers, mean, exact }: NormEstimate): string {
  const [plural, text] = [layers.length === 1 ? "" : "s", (value: number) => value.toPrecision(3)];
  const lines = [`an estimate of ${layers.length} layer${plural}, ${normBases[basis]}`];
  if (exact !== undefined && basis !== "held") {
    const { largest, final } = apartBy(mean, exact);
    const farthest = Math.max(...layers.map(({ rates }) => apartBy(rates, exact).largest));
    lines.push(
      `from the exact rates, which need no norms, it is apart by a factor of at most ${text(largest)} (${text(final)} at the end); ` +
        `the farthest layer by ${text(farthest)}`,
    );
  }
  return lines.join("\n");
}

/** The greatest factor between two courses, either way, and that at the last step with a rate. */
function apartBy(estimate: Float64Array, exact: Float64Array): { largest: number; final: number } {
  let [largest, final] = [1, 1];
  exact.forEach((rate, step) => {
    if (rate === 0) return;
    final = Math.exp(Math.abs(Math.log(estimate[step]! / rate)));
    largest = Math.max(largest, final);
  });
  return { largest, final };
}

/** Norms by layer from a run folder (steps from 1, the median over channels) or a CSV file (steps as they stand there). */
function readNorms(path: string): ReadonlyMap<string, NormCourse> {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return parseNormsCsv(readText(path), path);
  const reader = readRun(path).readNorms();
  assertArgument(reader.steps.length > 0, "--norms", "a run with recorded norms", path);
  const courses = new Map(
    reader.layers.map((layer) => [layer, { steps: [] as number[], norm: [] as number[], rotation: [] as number[] }]),
  );
  for (const step of reader.steps) {
    for (const [layer, { norm, rotation }] of reader.at(step)) {
      const course = courses.get(layer)!;
      course.steps.push(step - 1);
      course.norm.push(lowerMedian(norm));
      course.rotation.push(lowerMedian(rotation));
    }
  }
  return courses;
}
