export * from "./accuracy-findings.js";
export * from "./bounded-weight-norm.js";
export * from "./experiment.js";
export * from "./half-precision.js";
export * from "./half-precision-map.js";
export * from "./metrics.js";
export * from "./paired-difference.js";
export * from "./weight-decay.js";
