export * from "./batch-norm.js";
export * from "./following.js";
export * from "./metric.js";
export * from "./norm-factory.js";
export * from "./spread.js";
export * from "./weight-norm.js";
