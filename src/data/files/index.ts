/** Reading datasets from files; Node only. */
export * from "./embedded.js";
export * from "./read-dataset.js";
export * from "./read-parallel-text.js";
