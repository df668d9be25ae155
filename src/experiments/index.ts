export * from "./accuracy-findings.js";
export * from "./experiment.js";
export * from "./metrics.js";
export * from "./paired-difference.js";
export * from "./translation.js";
export * from "./weight-decay.js";
