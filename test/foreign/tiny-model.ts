import { randomStream, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import { node, onnxBytes } from "../support/onnx-models.js";

/**
 * conv (with bias) → batch-norm → relu → mean over positions → linear, as PyTorch exports it in training form; images of
 * any batch and size.
 *
 * @param conv Name of the convolution's module.
 */
export function tinyModel(conv = "conv"): { readonly bytes: Uint8Array; readonly tensors: Record<string, Tensor> } {
  const shapes: Readonly<Record<string, readonly number[]>> = {
    [`${conv}.weight`]: [8, 3, 3, 3],
    [`${conv}.bias`]: [8],
    "bn.weight": [8],
    "bn.bias": [8],
    "bn.running_mean": [8],
    "bn.running_var": [8],
    "fc.weight": [5, 8],
    "fc.bias": [5],
  };
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const random = randomStream(7, name.replace(conv, "conv"));
      const data = Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * random.normal());
      return [name, tensor(name.endsWith("running_var") ? data.map((x) => 1 + x * x) : data, shape)];
    }),
  );
  const names = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"];
  const bytes = onnxBytes({
    inputs: { x: { dtype: "float32", shape: ["batch", 3, "height", "width"] } },
    initializers: tensors,
    nodes: [
      node("Conv", ["x", `${conv}.weight`, `${conv}.bias`], ["c"], { pads: [1, 1, 1, 1] }, `/${conv}/Conv`),
      node("BatchNormalization", ["c", ...names], ["n"], {}, "/bn/BatchNormalization"),
      node("Relu", ["n"], ["r"], {}, "/Relu"),
      node("GlobalAveragePool", ["r"], ["p"], {}, "/pool/GlobalAveragePool"),
      node("Flatten", ["p"], ["f"], {}, "/Flatten"),
      node("Gemm", ["f", "fc.weight", "fc.bias"], ["y"], { transB: 1 }, "/fc/Gemm"),
    ],
    outputs: { y: "float32" },
  });
  return { bytes, tensors };
}
