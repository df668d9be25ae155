import type { Worker } from "node:worker_threads";
import { NormwiseError } from "../../core/index.js";
import { assertPosition } from "../batch-options.js";
import type { Batch, BatchSource, ImageDataset, Pixels } from "../dataset.js";
import { batchOf } from "../pixels.js";

/** Asks the worker for a batch. */
export interface BatchRequest {
  readonly id: number;
  readonly epoch: number;
  readonly index: number;
}

/** The worker's answer. */
export interface BatchReply {
  readonly id: number;
  readonly images: Pixels;
  readonly labels: Int32Array;
}

/** What {@link batchesFromWorker} must know of the batches. */
export interface WorkerBatchOptions {
  readonly batchesPerEpoch: number;
  readonly shape: ImageDataset["shape"];
  /** How many of the following batches to ask for in advance. */
  readonly ahead: number;
}

interface Pending {
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
}

/** Batches from a thread that answers each {@link BatchRequest} with a {@link BatchReply}. */
export function batchesFromWorker(worker: Worker, options: WorkerBatchOptions): BatchSource {
  const { batchesPerEpoch, shape, ahead } = options;
  const pending = new Map<number, Pending>();
  const prefetched = new Map<string, Promise<Batch>>();
  let nextId = 0;
  let waiting = 0;
  let failure: Error | undefined;

  worker.on("message", ({ id, images, labels }: BatchReply) => {
    pending.get(id)?.resolve(batchOf(images, labels, shape));
    pending.delete(id);
  });
  worker.on("error", (cause) => fail(new NormwiseError(`threadedBatches: the worker failed: ${cause}`, { cause })));
  worker.on("exit", (code) =>
    fail(new NormwiseError(`threadedBatches: the worker ended early, with exit code ${code}`)),
  );
  worker.unref();

  function fail(error: Error): void {
    failure ??= error;
    for (const { reject } of pending.values()) reject(failure);
    pending.clear();
    prefetched.clear();
  }

  function request(epoch: number, index: number): Promise<Batch> {
    const id = nextId++;
    const promise = new Promise<Batch>((resolve, reject) => pending.set(id, { resolve, reject }));
    promise.catch(() => {}); // one asked for in advance may fail with nobody waiting; whoever waits still sees it
    worker.postMessage({ id, epoch, index } satisfies BatchRequest);
    return promise;
  }

  function take(epoch: number, index: number): Promise<Batch> {
    const key = `${epoch}/${index}`;
    const promise = prefetched.get(key) ?? request(epoch, index);
    prefetched.delete(key); // its arrays belong to whoever takes it
    return promise;
  }

  function prefetchAfter(epoch: number, index: number): void {
    const wanted = new Set<string>();
    for (let step = 1; step <= ahead; step++) {
      const position = index + step;
      const next = [epoch + Math.floor(position / batchesPerEpoch), position % batchesPerEpoch] as const;
      const key = next.join("/");
      wanted.add(key);
      if (!prefetched.has(key)) prefetched.set(key, request(...next));
    }
    for (const key of prefetched.keys()) if (!wanted.has(key)) prefetched.delete(key);
  }

  return {
    batchesPerEpoch,
    async batch(epoch, index) {
      if (failure !== undefined) throw failure;
      assertPosition("threadedBatches", epoch, index, batchesPerEpoch);
      const promise = take(epoch, index);
      prefetchAfter(epoch, index);
      if (waiting++ === 0) worker.ref();
      try {
        return await promise;
      } finally {
        if (--waiting === 0) worker.unref();
      }
    },
    async close() {
      fail(new NormwiseError("threadedBatches: expected an open source of batches, got one that was closed"));
      await worker.terminate();
    },
  };
}
