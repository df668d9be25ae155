/**
 * What needs Node: the native runtime, files, worker threads and run folders.
 *
 * @packageDocumentation
 */
export * from "./data/files/index.js";
export * from "./data/threads/index.js";
export * from "./experiments/index.js";
export * from "./experiments/node/index.js";
export * from "./foreign/files/index.js";
export * from "./io/files/index.js";
export { version } from "./io/files/package-version.js";
export * from "./onnx/import/files/index.js";
export * from "./report/files/index.js";
export * from "./runtime/node/index.js";
export * from "./train/node/index.js";
