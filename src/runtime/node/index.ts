export type { ChosenLowering } from "./choose-lowering.js";
export * from "./node-runtime.js";
export * from "./onnx-session.js";
export type { WorkerThreads } from "./start-worker.js";
