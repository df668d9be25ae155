export * from "./experiment-report.js";
export * from "./run-experiment.js";
