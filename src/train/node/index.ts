export * from "./control-from-config.js";
export * from "./load-run.js";
export * from "./run-config.js";
export * from "./run-graph.js";
export * from "./run-recorder.js";
export * from "./run-runtime.js";
export * from "./run-training.js";
