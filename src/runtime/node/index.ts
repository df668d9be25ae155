export * from "./node-runtime.js";
export * from "./onnx-session.js";
export type { NodeRuntimeOptions } from "./start-worker.js";
