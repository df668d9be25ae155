export * from "./resnet-cifar.js";
export * from "./vgg.js";
