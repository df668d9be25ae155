export * from "./checkpoint-series.js";
export * from "./read-weights.js";
export * from "./self-contained.js";
export * from "./trace-run.js";
export * from "./trace-tables.js";
