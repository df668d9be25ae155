import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expectation, RunError, type Tensor } from "../../core/index.js";
import {
  makeFolder,
  type NormReader,
  type RunFolder,
  type RunReader,
  readRun,
  writeFileAtomic,
} from "../../io/files/index.js";
import { decodeSafetensors, encodeSafetensors, type Safetensors } from "../../io/index.js";
import type { NormRecord } from "../../optim/index.js";
import type { Checkpoint, EpochBasics, EpochRecord, Progress, Recorder } from "../records.js";

/** Records a training in a run folder. */
export function runRecorder<R extends EpochBasics = EpochRecord>(
  folder: RunFolder,
  keepSnapshots: boolean,
): Recorder<R> {
  return {
    norms: (rows) => folder.appendNorms(rows),
    log: (record) => folder.appendMetrics(record),
    checkpoint: (name, { tensors, progress }) =>
      folder.writeCheckpoint(name, tensors, { progress: JSON.stringify(progress) }),
    ...(keepSnapshots
      ? {
          async snapshot(epoch: number, weights: Readonly<Record<string, Tensor>>) {
            const snapshots = join(folder.path, "snapshots");
            await makeFolder(snapshots);
            await writeFileAtomic(snapshotPath(folder.path, epoch), encodeSafetensors(weights));
          },
        }
      : {}),
  };
}

/** A checkpoint of a run folder. */
export function readProgress(folder: RunReader, name: "last" | "best"): Checkpoint {
  return checkpointOf(folder.readCheckpoint(name), `${folder.path}, checkpoint ${name}`);
}

/** A checkpoint's tensors and the progress in its metadata. */
export function checkpointOf({ tensors, metadata: { progress } }: Safetensors, from: string): Checkpoint {
  if (progress === undefined) {
    const fix = "it was not written by a training; start the run again in another folder";
    throw new RunError(expectation(from, "metadata with progress", "none", fix));
  }
  return { tensors, progress: JSON.parse(progress) as Progress };
}

/** What a finished run of an experiment came to, in its `result.json`. */
export interface RunResult {
  /** Per cent, on the whole test set, once, at the end; absent for a run that failed. */
  readonly testAccuracy?: number;
  /** Mean cross-entropy, in nats. */
  readonly testLoss?: number;
  /** The run ended early, as something was not finite: the step, counted from 0, and the first such layer. */
  readonly failure?: { readonly step: number; readonly layer: string };
}

/** Where a run stands: the progress of its last checkpoint, and its result, each if there is one. */
export function readRunResult(path: string): { readonly progress?: Progress; readonly result?: RunResult } {
  const folder = readRun(path);
  const file = join(path, "result.json");
  return {
    ...(folder.hasCheckpoint("last") ? { progress: readProgress(folder, "last").progress } : {}),
    ...(existsSync(file) ? { result: JSON.parse(readFileSync(file, "utf8")) as RunResult } : {}),
  };
}

/** The epochs that a run has logged. */
export function epochRecords<R extends EpochBasics = EpochRecord>(folder: RunReader): R[] {
  return (folder.readMetrics() as readonly object[])
    .filter((record): record is R => (record as R).type === "epoch")
    .map((record) => {
      // JSON has null for what is no number.
      const fields = Object.entries(record).map(([name, value]) => [name, value === null ? Number.NaN : value]);
      return Object.fromEntries(fields) as R;
    });
}

/** The recorded norms of a run, by step from 0, for controls that follow it. */
export function normRecord(reader: NormReader): NormRecord {
  return {
    steps: reader.steps.at(-1) ?? 0,
    async at(step) {
      return new Map([...reader.at(step + 1)].map(([layer, { norm }]) => [layer, norm])); // logged from 1
    },
  };
}

/** The scale-invariant weights of a run at the end of an epoch. */
export async function readSnapshot(folder: string, epoch: number): Promise<Record<string, Tensor>> {
  const path = snapshotPath(folder, epoch);
  try {
    return decodeSafetensors(await readFile(path)).tensors;
  } catch (cause) {
    throw new RunError(expectation(path, "the weights of that epoch", String(cause), "train that run with snapshots"));
  }
}

function snapshotPath(folder: string, epoch: number): string {
  return join(folder, "snapshots", `epoch-${String(epoch).padStart(4, "0")}.safetensors`);
}
