import type { Tensor } from "../../core/index.js";
import type { WeightTensor } from "../../dynamics/index.js";
import { convertTensor } from "../../onnx/index.js";

/** A tensor whose elements are numbers at hand: float64 as it is, all narrower ones as float32, which holds each exactly. */
export function floatTensor(tensor: Tensor): WeightTensor {
  return (tensor.dtype === "float64" ? tensor : convertTensor(tensor, "float32")) as WeightTensor;
}
