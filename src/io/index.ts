export * from "./metrics.js";
export * from "./norm-segment.js";
export * from "./safetensors.js";
