export * from "./edit-onnx.js";
export * from "./evaluation-form.js";
export * from "./fold-batch-norms.js";
export * from "./replace-statistics.js";
