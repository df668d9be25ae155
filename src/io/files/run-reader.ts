import { existsSync } from "node:fs";
import { join } from "node:path";
import type { MetricsRecord } from "../metrics.js";
import type { Safetensors } from "../safetensors.js";
import { checkpointNames, checkpointPath, readCheckpoint } from "./checkpoint.js";
import { readMetricsFile } from "./metrics-log.js";
import { type NormReader, readNorms } from "./norm-reader.js";
import { type RunConfig, readConfig } from "./run-config.js";

/** A run folder that is only read, which may be done while another process writes it. */
export interface RunReader {
  readonly path: string;
  /** What `run.json` holds. */
  readonly config: RunConfig;
  /** The complete lines of `metrics.jsonl`. */
  readMetrics(): MetricsRecord[];
  /** The norms recorded so far; see {@link readNorms}. */
  readNorms(): NormReader;
  /** Names of the checkpoints. */
  checkpoints(): string[];
  /** Whether there is a checkpoint of that name. */
  hasCheckpoint(name: string): boolean;
  /** A checkpoint. Throws a RunError if it is missing, cut short or damaged. */
  readCheckpoint(name: string): Safetensors;
}

/** Where a run's metrics lie. */
export function metricsPath(folder: string): string {
  return join(folder, "metrics.jsonl");
}

/** Opens a run folder for reading. Throws a RunError if it holds no run. */
export function readRun(path: string): RunReader {
  return {
    path,
    config: readConfig(path),
    readMetrics: () => readMetricsFile(metricsPath(path)),
    readNorms: () => readNorms(path),
    checkpoints: () => checkpointNames(path),
    hasCheckpoint: (name) => existsSync(checkpointPath(path, name)),
    readCheckpoint: (name) => readCheckpoint(path, name),
  };
}
