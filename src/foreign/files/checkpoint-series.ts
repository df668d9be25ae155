import { basename } from "node:path";
import { assertArgument } from "../../core/index.js";
import type { TraceCheckpoint } from "../trace/trace-checkpoints.js";
import type { WeightsFile } from "../weights/stored-weight.js";
import { readWeights } from "./read-weights.js";

/** A checkpoint of a file. */
export interface OpenCheckpoint extends TraceCheckpoint {
  readonly format: WeightsFile["format"];
}

/** How the steps of checkpoints are told. */
export interface SeriesOptions {
  /** The step of each file, in the order of the files. */
  readonly steps?: readonly number[];
  /** Steps between one file and the next, in their order. */
  readonly every?: number;
  /** Turns epochs in names, as in `epoch-3`, into steps. */
  readonly stepsPerEpoch?: number;
}

/**
 * Opens the checkpoints of a training. Their steps are the given ones; or what a file itself says (metadata `step`, or the
 * `progress` of Normwise's own); or the last number of its name (`step-00100.safetensors`, `checkpoint-500`), and then they are put in
 * the order of their steps.
 *
 * @throws InvalidArgumentError naming a file whose step cannot be told.
 * @throws DataError or RunError if a file cannot be read; see {@link readWeights}.
 */
export async function openCheckpoints(
  paths: readonly string[],
  { steps, every, stepsPerEpoch }: SeriesOptions = {},
): Promise<OpenCheckpoint[]> {
  const counted = steps?.length ?? paths.length;
  assertArgument(counted === paths.length, "--steps", `a step for each of the ${paths.length} files`, counted);
  const series: OpenCheckpoint[] = [];
  for (const [i, path] of paths.entries()) {
    const file = await readWeights(path);
    const step = steps?.[i] ?? (every === undefined ? toldStep(path, file, stepsPerEpoch) : every * i);
    series.push({ step, label: path, format: file.format, weights: file.weights });
  }
  return steps === undefined && every === undefined ? series.sort((a, b) => a.step - b.step) : series;
}

function toldStep(path: string, { metadata }: WeightsFile, stepsPerEpoch: number | undefined): number {
  const told = metadata.step ?? progressStep(metadata.progress);
  if (told !== undefined && /^\d+$/.test(told)) return Number(told);
  const name = basename(path).replace(/\.\w*[a-z]\w*$/i, "");
  const epoch = /epoch\D?(\d+)\D*$/i.exec(name)?.[1];
  if (epoch !== undefined) {
    const fix = "say --steps-per-epoch, or which steps the files are of with --steps";
    assertArgument(stepsPerEpoch !== undefined, path, "steps, not epochs, in its name", basename(path), fix);
    return Number(epoch) * stepsPerEpoch;
  }
  const step = /(\d+)\D*$/.exec(name)?.[1];
  const fix = "say which steps the files are of with --steps 0,100,200 or --every 100";
  assertArgument(step !== undefined, path, "a step in its metadata or its name", basename(path), fix);
  return Number(step);
}

function progressStep(progress: string | undefined): string | undefined {
  try {
    const step = progress === undefined ? undefined : (JSON.parse(progress) as { step?: unknown } | null)?.step;
    return typeof step === "number" ? String(step) : undefined;
  } catch {
    return undefined;
  }
}
