export * from "./interpret.js";
export * from "./rule.js";
export * from "./rules.js";
export * from "./runtime.js";
