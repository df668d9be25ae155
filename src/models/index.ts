export type { NormalizationOptions } from "./parts.js";
export type { ResidualOptions } from "./residual.js";
export * from "./resnet.js";
export * from "./resnet-cifar.js";
export * from "./vgg.js";
