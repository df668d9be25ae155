export * from "./convolution.js";
export * from "./initializers.js";
export * from "./linear.js";
export * from "./losses.js";
export * from "./sequential.js";
export * from "./shaping.js";
