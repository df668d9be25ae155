export * from "./read-weights.js";
