export * from "./convert-tensor.js";
export {
  type Edit,
  editOnnx,
  foldBatchNorms,
  inlineTensors,
  type NormStatistics,
  replaceHead,
  replaceStatistics,
  replaceTensors,
  restateSizes,
  toEvaluationForm,
} from "./edit/index.js";
export * from "./import/import-onnx.js";
export * from "./import/imported-graph.js";
export * from "./import/onnx-file.js";
export { type OpaqueParams, opaquePrimitive } from "./import/opaque.js";
export * from "./import/read-onnx.js";
export type { ExternalData } from "./import/read-tensor.js";
export * from "./lower/attributes.js";
export { blockedDomain } from "./lower/blocked/context.js";
export * from "./lower/blocked/index.js";
export * from "./lower/emitted-model.js";
export * from "./lower/emitter.js";
export * from "./lower/lower.js";
export * from "./lower/lowering.js";
export * from "./lower/portable/index.js";
export * from "./simplify/simplify.js";
export * from "./tensor-proto.js";
export * from "./to-onnx.js";
export * from "./value-info.js";
