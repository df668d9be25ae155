import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { builtFile, DataError, NormwiseError } from "../../core/index.js";
import type { ImageView } from "../dataset.js";

/** Asks a thread for an image. */
export interface ImageRequest {
  readonly id: number;
  readonly path: string;
  readonly view: ImageView;
}

/** The thread's answer: [3, size, size], or what is wrong with the file. */
export type ImageReply =
  | { readonly id: number; readonly pixels: Uint8Array }
  | { readonly id: number; readonly problem: string };

interface Pending {
  readonly resolve: (pixels: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/**
 * Threads that read, decode and cut images, started when the first is asked for. They do not keep the process alive
 * unless an image is being waited for; one that fails is replaced.
 */
export class ImageThreads {
  readonly #count: number;
  readonly #threads: Thread[] = [];
  #nextId = 0;

  /** @param count As many as half the processors if absent: the others compute. */
  constructor(count: number = Math.max(1, Math.floor(availableParallelism() / 2))) {
    this.#count = count;
  }

  /**
   * Decodes a file in the thread that has the least to do.
   * @throws DataError naming the file if it cannot be read or decoded.
   */
  read(path: string, view: ImageView): Promise<Uint8Array> {
    const thread = this.#leastBusy();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (thread.pending.size === 0) thread.worker.ref();
      thread.pending.set(id, { resolve, reject });
      thread.worker.postMessage({ id, path, view } satisfies ImageRequest);
    });
  }

  /** Ends the threads; images that are waited for fail. The next one asked for starts them anew. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): Thread {
    const idle = this.#threads.find(({ pending }) => pending.size === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < this.#count) {
      const thread = this.#start();
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((best, next) => (next.pending.size < best.pending.size ? next : best));
  }

  #start(): Thread {
    // Flags of the parent, such as --input-type, may be refused for a worker's file.
    const worker = new Worker(builtFile(import.meta.url, "./image-worker.js"), { execArgv: [] });
    const thread: Thread = { worker, pending: new Map() };
    const { pending } = thread;
    const fail = (error: Error): void => {
      const place = this.#threads.indexOf(thread);
      if (place >= 0) this.#threads.splice(place, 1);
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    };
    worker.on("message", (reply: ImageReply) => {
      const { resolve, reject } = pending.get(reply.id)!;
      pending.delete(reply.id);
      if (pending.size === 0) worker.unref();
      if ("pixels" in reply) resolve(reply.pixels);
      else reject(new DataError(reply.problem));
    });
    worker.on("error", (cause) => fail(new NormwiseError(`image thread: it failed: ${cause}`, { cause })));
    worker.on("exit", (code) => fail(new NormwiseError(`image thread: it ended, with exit code ${code}`)));
    worker.unref();
    return thread;
  }
}
