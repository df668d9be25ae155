export * from "./resnet-cifar.js";
export * from "./transformer.js";
export * from "./transformer-layer.js";
export * from "./translator.js";
export * from "./vgg.js";
