/**
 * Datasets of images and of parallel text, and the batches that training takes from them. Everything here runs in a
 * browser; what reads files or starts threads is in `files/` and `threads/`.
 */
export * from "./arrays.js";
export * from "./batches.js";
export * from "./cifar.js";
export * from "./class-names.js";
export * from "./dataset.js";
export * from "./fingerprint.js";
export * from "./idx.js";
export * from "./images/index.js";
export * from "./split.js";
export * from "./statistics.js";
export * from "./text/index.js";
export * from "./zero-pad.js";
