export * from "./experiment.js";
export * from "./paired-difference.js";
export * from "./weight-decay.js";
