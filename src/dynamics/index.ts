export * from "./correction.js";
export * from "./effective-rate.js";
export * from "./equilibrium.js";
export * from "./equivalence.js";
export * from "./optimizer-kind.js";
export * from "./trace.js";
export * from "./translate-state.js";
export * from "./translator.js";
