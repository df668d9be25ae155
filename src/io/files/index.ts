export * from "./atomic.js";
export * from "./file-error.js";
export * from "./make-folder.js";
export * from "./norm-reader.js";
export * from "./run-config.js";
export * from "./run-folder.js";
export * from "./run-reader.js";
