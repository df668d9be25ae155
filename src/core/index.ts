export * from "./built-file.js";
export * from "./dtype.js";
export * from "./errors.js";
export * from "./half.js";
export * from "./lower-median.js";
export * from "./random.js";
export * from "./shape.js";
export * from "./tensor.js";
