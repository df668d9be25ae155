import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { assertArgument, builtFile } from "../../core/index.js";
import type { WorkerOptions } from "./messages.js";
import { type WorkerLink, workerLink } from "./worker-link.js";

/** How many threads a worker computes with. */
export interface WorkerThreads {
  /** Threads that an operator may use; as many as there are processors by default. */
  readonly threads?: number;
  /**
   * Folder for ONNX Runtime's own account of where the time goes: `session-0_….json` and so on, one file for each session
   * in the order of loading (that of the probe first, where the lowering is looked for), written when it is closed. The
   * folder is made if it is not there. None by default: it costs some per cent.
   */
  readonly profile?: string;
}

/** Starts the thread in which ONNX Runtime runs; `profile`: a folder for accounts of its sessions. */
export function startWorker(
  where: string,
  { threads = availableParallelism(), profile }: WorkerThreads & { readonly profile?: string },
): WorkerOptions & { readonly link: WorkerLink } {
  assertArgument(Number.isInteger(threads) && threads >= 1, where, "threads to be an integer ≥ 1", threads);
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const worker = new Worker(builtFile(import.meta.url, "./worker.js"), {
    workerData: { threads, ...(profile === undefined ? {} : { profile }) } satisfies WorkerOptions,
    execArgv: [], // some of the caller's options, such as --input-type, are refused for a file
  });
  return { threads, link: workerLink(worker) };
}
