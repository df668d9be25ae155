import { tensor } from "../../src/core/index.js";
import { node, onnxBytes } from "./onnx-models.js";
import { normal } from "./random-tensors.js";

/** A small model with something of everything: convolution, batch-norm, sizes computed, attention, an embedding. */
export function mixedModel(): Uint8Array {
  const ints = (...values: number[]) => tensor(values, [values.length], "int64");
  const constant = (name: string, value: ReturnType<typeof ints>) => node("Constant", [], [name], { value });
  return onnxBytes({
    opset: 17,
    inputs: { x: { dtype: "float32", shape: ["batch", 3, 8, 8] } },
    initializers: {
      "conv.weight": normal("mixed conv", [4, 3, 3, 3]),
      "bn.weight": normal("mixed gain", [4], 1, 0.1),
      "bn.bias": normal("mixed shift", [4]),
      "bn.running_mean": normal("mixed mean", [4]),
      "bn.running_var": tensor([1, 2, 0.5, 1]),
      "onnx::MatMul_7": normal("mixed product", [4, 6]),
      "fc.bias": normal("mixed bias", [6]),
      "table.weight": normal("mixed table", [5, 6]),
      "norm.weight": normal("mixed norm", [6], 1, 0.1),
    },
    nodes: [
      node("Conv", ["x", "conv.weight"], ["c"], { pads: [1, 1, 1, 1], strides: [2, 2] }, "/conv/Conv"),
      node(
        "BatchNormalization",
        ["c", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"],
        ["n"],
        {},
        "/bn/BatchNormalization",
      ),
      node("Relu", ["n"], ["r"]),
      node("MaxPool", ["r"], ["m"], { kernel_shape: [2, 2], strides: [2, 2] }),
      node("Shape", ["m"], ["s"]),
      constant("zero", tensor([0], [], "int64")),
      node("Gather", ["s", "zero"], ["b"], { axis: 0 }),
      constant("axis", ints(0)),
      node("Unsqueeze", ["b", "axis"], ["b1"]),
      constant("rest", ints(4, -1)),
      node("Concat", ["b1", "rest"], ["shape"], { axis: 0 }),
      node("Reshape", ["m", "shape"], ["f"]),
      node("Transpose", ["f"], ["t"], { perm: [0, 2, 1] }),
      node("MatMul", ["t", "onnx::MatMul_7"], ["p"], {}, "/fc/MatMul"),
      node("Add", ["fc.bias", "p"], ["q"]),
      constant("indices", tensor([1, 4, 0, 2], [4], "int64")),
      node("Gather", ["table.weight", "indices"], ["e"]),
      node("Add", ["q", "e"], ["z"]),
      node("LayerNormalization", ["z", "norm.weight"], ["l"], { axis: -1 }),
      node("Split", ["l"], ["u", "v"], { axis: 2 }),
      node("Softmax", ["u"], ["w"], { axis: -1 }),
      node("Mul", ["w", "v"], ["k"]),
      node("ReduceMean", ["k"], ["y"], { axes: [1], keepdims: 0 }),
    ],
    outputs: { y: "float32" },
  });
}
