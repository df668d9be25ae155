export * from "./read-onnx-file.js";
