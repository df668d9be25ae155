/** Loading batches in a worker thread; Node only. */
export * from "./threaded-batches.js";
