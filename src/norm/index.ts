export * from "./batch-norm.js";
export * from "./following.js";
export * from "./metric.js";
export * from "./spread.js";
