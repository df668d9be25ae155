export * from "./metrics.js";
export * from "./norm-segment.js";
export * from "./norms-csv.js";
export * from "./safetensors.js";
export * from "./safetensors-header.js";
