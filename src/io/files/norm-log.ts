import { rm } from "node:fs/promises";
import { expectation, InvalidArgumentError, RunError } from "../../core/index.js";
import { encodeNormSegment, type NormRow } from "../norm-segment.js";
import { syncFolder, writeFileAtomic } from "./atomic.js";
import { fileError } from "./file-error.js";
import { readSegment, segmentPath, segmentPaths } from "./segments.js";

/** The writer of a run's norm segments. Calls of the asynchronous methods must not overlap. */
export interface NormLog {
  /** Number of segments, sealed ones included. */
  readonly segments: number;
  /** Bytes of channel values that wait in memory for a segment. */
  readonly waiting: number;
  /** Keeps copies of rows, whose steps must come after those of the call before. */
  append(rows: readonly NormRow[]): void;
  /** Turns what waits into a segment, still in memory: later rows belong to the next. */
  seal(): void;
  /** Writes the sealed segments. After an error they are still there, to be written again. */
  flush(): Promise<void>;
  /** Drops what waits and all but the first `segments` on disk. Throws a {@link RunError} if there are fewer. */
  truncate(segments: number): Promise<void>;
}

/** Opens the norms of a run folder for writing. */
export function openNormLog(folder: string): NormLog {
  let rows: NormRow[] = [];
  let waiting = 0;
  let sealed: { path: string; bytes: Uint8Array }[] = [];
  let segments = 0;
  let lastStep = -1;
  restart(segmentPaths(folder));

  function restart(paths: readonly string[]): void {
    rows = [];
    waiting = 0;
    sealed = [];
    segments = paths.length;
    lastStep = segments === 0 ? -1 : (readSegment(paths.at(-1)!).at(-1)?.step ?? -1);
  }

  return {
    get segments() {
      return segments;
    },
    get waiting() {
      return waiting;
    },
    append(added) {
      checkRows(added, lastStep);
      for (const { layer, step, norm, rotation, gradient } of added) {
        const kept = gradient ? { gradient: gradient.slice() } : {};
        rows.push({ layer, step, norm: norm.slice(), rotation: rotation.slice(), ...kept });
        waiting += norm.byteLength + rotation.byteLength + (gradient?.byteLength ?? 0);
      }
      lastStep = added.at(-1)?.step ?? lastStep;
    },
    seal() {
      if (rows.length === 0) return;
      sealed.push({ path: segmentPath(folder, segments), bytes: encodeNormSegment(rows) });
      segments += 1;
      rows = [];
      waiting = 0;
    },
    async flush() {
      for (let first = sealed[0]; first !== undefined; first = sealed[0]) {
        await writeFileAtomic(first.path, first.bytes);
        sealed.shift();
      }
    },
    async truncate(count) {
      const paths = segmentPaths(folder);
      if (paths.length < count) {
        throw new RunError(
          expectation(folder, `the checkpoint's ${count} norm segments`, paths.length, "files were removed"),
        );
      }
      while (paths.length > count) await removeFile(paths.pop()!); // from the end: a kill in between leaves no gap
      await syncFolder(folder);
      restart(paths);
    },
  };
}

function checkRows(rows: readonly NormRow[], lastStep: number): void {
  let step = lastStep;
  let layers = new Set<string>();
  for (const row of rows) {
    const where = `appendNorms: layer ${JSON.stringify(row.layer)}`;
    const next = row.step > step;
    if (!Number.isInteger(row.step) || row.step >= 2 ** 32 || (!next && (row.step < step || step === lastStep))) {
      const expected = `an integer step after ${lastStep}, in order, below 2^32`;
      throw new InvalidArgumentError(expectation(where, expected, row.step, "pass all layers of a step in one call"));
    }
    if (next) layers = new Set();
    step = row.step;
    if (layers.has(row.layer)) {
      throw new InvalidArgumentError(expectation(where, `the layer once at step ${step}`, "it twice"));
    }
    layers.add(row.layer);
    if (row.norm.length !== row.rotation.length) {
      throw new InvalidArgumentError(expectation(where, `${row.norm.length} rotations, as norms`, row.rotation.length));
    }
  }
}

async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw fileError(path, "remove the file", cause);
  }
}
