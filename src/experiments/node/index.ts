export * from "./experiment-report.js";
export * from "./run-experiment.js";
export * from "./run-translation.js";
export * from "./translation-report.js";
