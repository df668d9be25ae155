import { closeSync, fsync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { expectation, RunError } from "../../core/index.js";
import { formatMetrics, type MetricsRecord, parseMetrics, wholeLines } from "../metrics.js";
import { fileError, hasCode } from "./file-error.js";

const flush = promisify(fsync);

/** The writer of an append-only file of JSON lines. */
export interface MetricsLog {
  /** Bytes of the lines so far. */
  readonly length: number;
  /** Appends a line; it outlives the process at once, the machine after {@link MetricsLog.sync}. */
  append(record: object): void;
  /** Flushes the lines to the disk. */
  sync(): Promise<void>;
  /** Cuts the file to its first `length` bytes, and flushes. Throws a {@link RunError} unless those are whole lines. */
  truncate(length: number): Promise<void>;
  close(): void;
}

/** Opens the log, making the file if it is missing; a torn last line is overwritten by the next. */
export function openMetricsLog(path: string): MetricsLog {
  const present = readIfPresent(path);
  const fd = attempt("open the file", () => openSync(path, "a"));
  let length = wholeLines(present);
  let torn = length < present.length;
  let dirty = true;

  function attempt<T>(operation: string, action: () => T): T {
    try {
      return action();
    } catch (cause) {
      throw fileError(path, operation, cause);
    }
  }

  function cut(): void {
    attempt("shorten the file", () => ftruncateSync(fd, length));
    torn = false;
    dirty = true;
  }

  async function sync(): Promise<void> {
    if (!dirty) return;
    dirty = false;
    await flush(fd).catch((cause: unknown) => {
      dirty = true;
      throw fileError(path, "flush the file", cause);
    });
  }

  return {
    get length() {
      return length;
    },
    append(record) {
      if (torn) cut();
      const line = Buffer.from(formatMetrics(record));
      torn = true; // until all of it is written: a full disk may take half
      attempt("append a line", () => {
        for (let done = 0; done < line.length; ) done += writeSync(fd, line, done);
      });
      torn = false;
      length += line.length;
      dirty = true;
    },
    sync,
    async truncate(to) {
      const bytes = readIfPresent(path).subarray(0, to);
      if (wholeLines(bytes) !== to) {
        const found = `${wholeLines(bytes)} in whole lines`;
        throw new RunError(expectation(path, `the checkpoint's ${to} bytes`, found, "the log was changed"));
      }
      length = to;
      cut();
      await sync();
    },
    close: () => closeSync(fd),
  };
}

/** The complete lines of a metrics file; none if the file is missing. */
export function readMetricsFile(path: string): MetricsRecord[] {
  return parseMetrics(readIfPresent(path), path);
}

function readIfPresent(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return new Uint8Array();
    throw fileError(path, "read the file", cause);
  }
}
