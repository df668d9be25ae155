export * from "./analyze.js";
export * from "./weight-invariance.js";
