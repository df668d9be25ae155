export * from "./edit-onnx.js";
export * from "./evaluation-form.js";
export * from "./fold-batch-norms.js";
export * from "./inline-tensors.js";
export * from "./replace-head.js";
export * from "./replace-statistics.js";
export * from "./restate-sizes.js";
