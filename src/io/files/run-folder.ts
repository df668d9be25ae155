import { dirname, join, resolve } from "node:path";
import { assertArgument, expectation, RunError, type Tensor } from "../../core/index.js";
import type { MetricsRecord } from "../metrics.js";
import type { NormRow } from "../norm-segment.js";
import { encodeSafetensors, type Safetensors } from "../safetensors.js";
import { removeLeftovers, syncFolder, writeFileAtomic } from "./atomic.js";
import { checkpointFolder, checkpointPath } from "./checkpoint.js";
import { requireEmptyFolder } from "./empty-folder.js";
import { type FolderLock, lockFolder } from "./lock.js";
import { logPositionOf, withLogPosition } from "./log-position.js";
import { makeFolder } from "./make-folder.js";
import { type MetricsLog, openMetricsLog } from "./metrics-log.js";
import { type NormLog, openNormLog } from "./norm-log.js";
import type { NormReader } from "./norm-reader.js";
import { configPath, formatConfig, type RunConfig, readConfig } from "./run-config.js";
import { metricsPath, type RunReader, readRun } from "./run-reader.js";

/** Options of {@link RunFolder}. */
export interface RunFolderOptions {
  /** Bytes of norms that may wait in memory for a checkpoint before they go to the disk; default 32 MiB. */
  readonly normBuffer?: number;
}

/**
 * The writer of a run folder; one process at a time may hold it. Killed at any moment, a run goes on from its last
 * checkpoint, with its logs exactly as they were then: {@link RunFolder.open}, {@link RunFolder.resume}.
 *
 * @example
 * const run = await RunFolder.create("runs/a", { seed: 1 });
 * run.appendMetrics({ step: 79, loss: 2.1 });
 * await run.writeCheckpoint("last", { weight: tensor([1, 2]) }, { step: "79" });
 * await run.close();
 */
export class RunFolder implements RunReader {
  readonly #reader: RunReader;
  readonly #lock: FolderLock;
  readonly #metrics: MetricsLog;
  readonly #norms: NormLog;
  #writes: Promise<void> = Promise.resolve();
  readonly #normBuffer: number;
  #closed = false;

  private constructor(reader: RunReader, lock: FolderLock, { normBuffer = 32 * 2 ** 20 }: RunFolderOptions) {
    this.#reader = reader;
    this.#lock = lock;
    this.#normBuffer = normBuffer;
    this.#norms = openNormLog(reader.path);
    this.#metrics = openMetricsLog(metricsPath(reader.path));
  }

  /**
   * Starts a run in a new or empty folder, with `config` as its `run.json`.
   * @throws RunError if the folder holds a run or other files, cannot be written, or another process writes it.
   */
  static async create(path: string, config: RunConfig, options: RunFolderOptions = {}): Promise<RunFolder> {
    const text = formatConfig(config);
    await makeFolder(path);
    await requireEmptyFolder(path);
    return RunFolder.#holding(path, options, async () => {
      await requireEmptyFolder(path);
      await writeFileAtomic(configPath(path), text);
      await syncFolder(dirname(resolve(path)));
    });
  }

  /**
   * Opens a run to write on: removes what a killed process left unfinished. {@link readRun} is for reading alone.
   * @throws RunError if the folder holds no run, or another process writes it.
   */
  static async open(path: string, options: RunFolderOptions = {}): Promise<RunFolder> {
    readConfig(path);
    return RunFolder.#holding(path, options, async () => {});
  }

  /** Locks a folder, prepares it and opens its logs; gives the lock back if that fails. */
  static async #holding(path: string, options: RunFolderOptions, prepare: () => Promise<void>): Promise<RunFolder> {
    const lock = await lockFolder(path);
    try {
      await removeLeftovers(path);
      await prepare();
      await makeFolder(checkpointFolder(path));
      const run = new RunFolder(readRun(path), lock, options);
      await syncFolder(path);
      return run;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get path(): string {
    return this.#reader.path;
  }

  get config(): RunConfig {
    return this.#reader.config;
  }

  readMetrics(): MetricsRecord[] {
    return this.#reader.readMetrics();
  }

  readNorms(): NormReader {
    return this.#reader.readNorms();
  }

  checkpoints(): string[] {
    return this.#reader.checkpoints();
  }

  hasCheckpoint(name: string): boolean {
    return this.#reader.hasCheckpoint(name);
  }

  readCheckpoint(name: string): Safetensors {
    return this.#reader.readCheckpoint(name);
  }

  /** Appends one line to `metrics.jsonl`; NaN and infinities become `null`. It outlives this process at once. */
  appendMetrics(record: object): void {
    this.#requireOpen();
    this.#metrics.append(record);
  }

  /**
   * Records norms: all layers of one or more steps, later ones than before. They are copied and wait in memory for the
   * next checkpoint; the promise takes time only when they outgrow {@link RunFolderOptions.normBuffer}.
   * @throws InvalidArgumentError if a step or a layer comes twice, or norms and rotations differ in number.
   */
  async appendNorms(rows: readonly NormRow[]): Promise<void> {
    this.#requireOpen();
    this.#norms.append(rows);
    if (this.#norms.waiting <= this.#normBuffer) return;
    this.#norms.seal();
    await this.#inTurn(() => this.#norms.flush());
  }

  /**
   * Writes a checkpoint, after everything recorded so far is safe on the disk. The tensors are copied before the call
   * returns its promise, so that training may go on meanwhile.
   * @param name `last` is what {@link RunFolder.resume} resumes; any other is for reading. Of several at one step, write
   *   `last` after the others: a resume does not go back to make them.
   */
  async writeCheckpoint(
    name: string,
    tensors: Readonly<Record<string, Tensor>>,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    this.#requireOpen();
    const path = checkpointPath(this.path, name);
    this.#norms.seal();
    const position = { metricsBytes: this.#metrics.length, normSegments: this.#norms.segments };
    const bytes = encodeSafetensors(tensors, withLogPosition(metadata, position));
    await this.#inTurn(async () => {
      await this.#flush();
      await writeFileAtomic(path, bytes);
    });
  }

  /**
   * Takes the logs back to where they were when the checkpoint `last` was written, and returns it; without one, empties
   * them and returns `undefined`. Killed in between, doing it again gives the same.
   * @throws RunError if the checkpoint is damaged, or the logs hold less than it says.
   */
  async resume(): Promise<Safetensors | undefined> {
    this.#requireOpen();
    const checkpoint = this.hasCheckpoint("last") ? this.readCheckpoint("last") : undefined;
    const { metricsBytes, normSegments } =
      checkpoint === undefined
        ? { metricsBytes: 0, normSegments: 0 }
        : logPositionOf(checkpoint.metadata, checkpointPath(this.path, "last"));
    await this.#inTurn(async () => {
      await this.#norms.truncate(normSegments);
      await this.#metrics.truncate(metricsBytes);
    });
    return checkpoint;
  }

  /** Writes a further file of the run (`model.onnx`, `summary.json`, `report.html`), whole or not at all. */
  async writeFile(name: string, data: Uint8Array | string): Promise<void> {
    this.#requireOpen();
    const own = /^(run\.json|metrics\.jsonl|checkpoints|norms-.*)$/.test(name);
    assertArgument(/^[A-Za-z0-9][\w.-]*$/.test(name) && !own, "writeFile", "a plain file name of its own", name);
    await this.#inTurn(() => writeFileAtomic(join(this.path, name), data));
  }

  /** Writes what still waits and lets others write the run. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#norms.seal();
    try {
      await this.#inTurn(() => this.#flush());
    } finally {
      this.#metrics.close();
      this.#lock.release();
    }
  }

  async #flush(): Promise<void> {
    await this.#norms.flush();
    await this.#metrics.sync();
  }

  /** Runs writes one after another, in the order of the calls. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#writes.then(write);
    this.#writes = done.catch(() => {}); // the caller gets the error; the next write has its own chance
    return done;
  }

  #requireOpen(): void {
    if (this.#closed) throw new RunError(expectation(this.path, "an open run", "one that was closed", "open it again"));
  }
}
