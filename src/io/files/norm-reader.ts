import { DataError, expectation, InvalidArgumentError } from "../../core/index.js";
import type { NormRow } from "../norm-segment.js";
import { readSegment, segmentPaths } from "./segments.js";

/** The recorded norms of a run, read a segment at a time. */
export interface NormReader {
  /** Names of the layers, in the order in which they were first recorded. */
  readonly layers: readonly string[];
  /** The recorded steps, increasing. */
  readonly steps: readonly number[];
  /**
   * The norms at a recorded step by layer, bit for bit. Asking for steps in order reads each segment once.
   * @throws InvalidArgumentError if that step was not recorded.
   */
  at(step: number): ReadonlyMap<string, NormRow>;
}

/**
 * Reads the norms of a run folder. Every segment is read once to list the steps and layers; then one is held at a time.
 * @throws DataError if a segment is missing or damaged.
 */
export function readNorms(folder: string): NormReader {
  const paths = segmentPaths(folder);
  const layers = new Set<string>();
  const segmentOf = new Map<number, number>();
  let loaded:
    | { readonly segment: number; readonly steps: ReadonlyMap<number, ReadonlyMap<string, NormRow>> }
    | undefined;
  let last = -1;
  for (const [segment, path] of paths.entries()) {
    for (const { layer, step } of readSegment(path)) {
      if (step < last || (segmentOf.get(step) ?? segment) !== segment) {
        throw new DataError(expectation(path, `steps after ${last}`, step, "the segments belong to different runs"));
      }
      last = step;
      segmentOf.set(step, segment);
      layers.add(layer);
    }
  }
  const steps = [...segmentOf.keys()];

  return {
    layers: [...layers],
    steps,
    at(step) {
      const segment = segmentOf.get(step);
      if (segment === undefined) {
        const recorded = steps.length === 0 ? "there is none" : `${steps.length} from ${steps[0]} to ${last}`;
        throw new InvalidArgumentError(expectation(`norms of ${folder}`, `a recorded step (${recorded})`, step));
      }
      if (loaded?.segment !== segment) loaded = { segment, steps: byStep(readSegment(paths[segment]!)) };
      return loaded.steps.get(step)!;
    },
  };
}

function byStep(rows: readonly NormRow[]): Map<number, Map<string, NormRow>> {
  const steps = new Map<number, Map<string, NormRow>>();
  for (const row of rows) {
    const layers = steps.get(row.step);
    if (layers === undefined) steps.set(row.step, new Map([[row.layer, row]]));
    else layers.set(row.layer, row);
  }
  return steps;
}
