export * from "./assets.js";
export * from "./experiment-report.js";
export * from "./paired-interval.js";
export * from "./render-comparison.js";
export * from "./render-report.js";
export * from "./result-rows.js";
export * from "./student-t.js";
export * from "./terminal.js";
