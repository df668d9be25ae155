export * from "./beam-search.js";
export * from "./decoder.js";
export * from "./decoding-programs.js";

export type { NormalizationOptions } from "./parts.js";
export type { ResidualOptions } from "./residual.js";
export * from "./resnet.js";

export * from "./resnet-cifar.js";
export * from "./transformer.js";
export * from "./transformer-layer.js";
export * from "./translator.js";
export * from "./vgg.js";
