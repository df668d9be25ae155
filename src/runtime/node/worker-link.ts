import type { Worker } from "node:worker_threads";
import { ExecutionError, expectation } from "../../core/index.js";
import type { Answer, Message, RequestKind, Requests } from "./messages.js";

/** Asks a worker and waits for its answers. */
export interface WorkerLink {
  /**
   * Sends a request. Buffers in `transfer` change hands; everything else is copied.
   * @throws ExecutionError if the worker cannot do it, has died, or was closed.
   */
  ask<K extends RequestKind>(
    kind: K,
    body: Requests[K]["send"],
    transfer?: readonly ArrayBuffer[],
  ): Promise<Requests[K]["reply"]>;
  /** Ends the worker as soon as it has done what it is at; what is still asked is refused. */
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Error) => void;
}

/** Connects to a worker, which keeps the process alive only while something is asked of it. */
export function workerLink(worker: Worker): WorkerLink {
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let ended: ExecutionError | undefined;

  worker.on("message", (answer: Answer) => {
    const asked = pending.get(answer.id);
    if (asked === undefined) return;
    settle(answer.id);
    if ("reply" in answer) asked.resolve(answer.reply as never);
    else asked.reject(new ExecutionError(`onnxruntime-node: ${answer.failure.message}`, answer.failure.node));
  });
  worker.on("error", (error) => end(`the worker thread failed: ${error.message}`));
  const exited = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      end(`the worker thread ended with code ${code}`);
      resolve();
    });
  });
  worker.unref();

  function settle(id: number): void {
    pending.delete(id);
    if (pending.size === 0) worker.unref();
  }

  function end(reason: string): void {
    ended ??= new ExecutionError(expectation("runtime", "a running worker", reason, "open a new runtime"));
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  }

  return {
    ask(kind, body, transfer = []) {
      if (ended) return Promise.reject(ended);
      const id = nextId++;
      return new Promise((resolve, reject) => {
        worker.postMessage({ id, kind, body }, transfer);
        pending.set(id, { resolve, reject });
        worker.ref();
      });
    },
    async close() {
      end("it was closed");
      // Not terminate(): in the middle of a call of ONNX Runtime, that ends the whole process.
      worker.ref();
      worker.postMessage("close" satisfies Message);
      await exited;
    },
  };
}
