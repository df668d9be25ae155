export * from "./guess-invariance.js";
export * from "./name-map.js";
export * from "./stored-weight.js";
export * from "./trace-checkpoints.js";
export * from "./trace-point.js";
export * from "./trace-rows.js";
export * from "./weight-trace.js";
