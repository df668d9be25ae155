import { describe, expect, it } from "vitest";
import { ShapeError, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";

const graph = new g.Graph();
const matrix = graph.input("matrix", [2, 3]);
const image = graph.input("image", [1, 3, 8, 8]);
const kernel = graph.input("kernel", [6, 4, 3, 3]);
const fitting = graph.input("fitting", [6, 3, 3, 3]);
const sixteen = graph.input("sixteen", [1, 16, 8, 8]);
const small = graph.input("small", [1, 3, 2, 8]);
const index = graph.input("index", [4], "int64");
const double = graph.input("double", [2, 3], "float64");

/** What is tried, and the message it must give. */
const failures: readonly (readonly [string, () => unknown, string])[] = [
  [
    "broadcasting",
    () => g.add(matrix, graph.constant(tensor([1, 2]))),
    "add: expected shapes that broadcast (equal or 1 at axis 1), got [2,3] and [2]",
  ],
  ["two dtypes", () => g.mul(matrix, double), "mul: expected operands of one dtype, got float32, float64"],
  ["two numbers", () => g.add(1, 2), "operation: expected at least one operand that is a Value, got 1 and 2"],
  ["integers in arithmetic", () => g.exp(index), "exp: expected a floating-point operand, got int64; cast it first"],
  ["a condition that is no bool", () => g.where(matrix, 1, matrix), "where: expected a bool condition, got float32"],
  [
    "values of two graphs",
    () => g.add(matrix, new g.Graph().input("x", [2, 3])),
    "add: expected inputs of one graph, got %0 = input float32[2,3]",
  ],
  ["a name taken", () => graph.input("matrix"), "graph.input: expected a name not yet used, got matrix"],
  ["an empty axis", () => graph.input("empty", [2, 0]), "graph.input(empty): expected positive sizes, got [2,0]"],
  [
    "channels",
    () => g.conv2d(image, kernel),
    "conv2d: expected x.shape[1] = w.shape[1] * groups (4), got 3; check groups",
  ],
  [
    "outputs that groups do not divide",
    () => g.conv2d(sixteen, kernel, { groups: 4 }),
    "conv2d: expected w.shape[0] a multiple of groups (4), got 6; check groups",
  ],
  [
    "a kernel larger than the image",
    () => g.conv2d(small, fitting),
    "conv2d: expected a padded size of at least the kernel's at axis 2, got 2; pad more",
  ],
  [
    "a convolution of two dtypes",
    () => g.conv2d(image, g.cast(fitting, "float16")),
    "conv2d: expected operands of one dtype, got float32, float16",
  ],
  [
    "rank",
    () => g.conv2d(matrix, fitting),
    "conv2d: expected x [N, C, H, W] and w [K, C/groups, h, w], got [2,3] and [6,3,3,3]",
  ],
  [
    "a stride of 0",
    () => g.conv2d(image, fitting, { stride: 0 }),
    "conv2d: expected integer stride and dilation ≥ 1 and padding ≥ 0, got stride [0,0], dilation [1,1], padding [0,0,0,0]",
  ],
  ["negative padding", () => g.maxPool2d(image, { kernel: 2, padding: -1 }), "padding [-1,-1,-1,-1]"],
  [
    "padding wider than half the window",
    () => g.maxPool2d(image, { kernel: 2, padding: 2 }),
    "maxPool2d: expected padding of at most half the kernel [2,2], got [2,2,2,2]",
  ],
  [
    "dy of another shape",
    () => g.conv2dInputGradient(image, fitting, [1, 3, 8, 8]),
    "conv2dInputGradient: expected dy of shape [1,6,6,6], got [1,3,8,8]",
  ],
  [
    "dy of another shape, for the weights",
    () => g.conv2dWeightGradient(image, image, [6, 3, 3, 3]),
    "conv2dWeightGradient: expected dy of shape [1,6,6,6], got [1,3,8,8]",
  ],
  [
    "inner sizes",
    () => g.matmul(matrix, matrix),
    "matmul: expected […, M, K] and […, K, N] of one dtype, got [2,3] and [2,3]",
  ],
  ["an axis out of range", () => g.reduceSum(matrix, [2]), "reduceSum: expected an axis in [-2, 2), got 2"],
  ["an axis twice", () => g.reduceSum(matrix, [0, -2]), "reduceSum: expected each axis once, got [0,-2]"],
  ["k", () => g.topK(matrix, 4), "topK: expected 1 ≤ k ≤ 3, the size of axis 1, got 4"],
  ["k of 0", () => g.topKIndices(matrix, 0), "topK: expected 1 ≤ k ≤ 3, the size of axis 1, got 0"],
  ["float indices", () => g.gather(matrix, matrix), "gather: expected int32 or int64 indices, got float32"],
  [
    "updates that do not fit the indices",
    () => g.scatterAdd(matrix, index, 0, 5),
    "scatterAdd: expected updates with the indices' shape [4] from axis 0, got [2,3]",
  ],
  [
    "indices of another rank",
    () => g.gatherElements(matrix, index),
    "gatherElements: expected indices of shape [2,3] but for axis 1, got [4]",
  ],
  ["a reshape to another count", () => g.reshape(matrix, [4]), "reshape: expected 6 elements as in [2,3], got [4]"],
  [
    "a reshape that does not divide",
    () => g.reshape(matrix, [4, -1]),
    "reshape: expected 6 elements as in [2,3], got [4,1.5]",
  ],
  [
    "a broadcast to a smaller shape",
    () => g.broadcastTo(matrix, [3]),
    "broadcastTo: expected a shape that [2,3] stretches to, got [3]",
  ],
  ["a permutation", () => g.transpose(matrix, [0, 0]), "transpose: expected each axis of [2,3] once, got [0,0]"],
  [
    "a slice out of range",
    () => g.slice(matrix, [0, 1], [2, 4]),
    "slice: expected 0 ≤ start < end ≤ 3 and stride ≥ 1 at axis 1, got 1:4:1",
  ],
  [
    "an empty slice",
    () => g.sliceAxis(matrix, 0, 1, 1),
    "slice: expected 0 ≤ start < end ≤ 2 and stride ≥ 1 at axis 0, got 1:1:1",
  ],
  [
    "a negative pad",
    () => g.pad(matrix, [0, -1], [0, 0]),
    "pad: expected widths ≥ 0 for each axis of [2,3], got [0,-1] and [0,0]",
  ],
  [
    "other axes of a concatenation",
    () => g.concat([matrix, g.transpose(matrix, [1, 0])]),
    "concat: expected [2,3] but for axis 0, got [3,2]",
  ],
  ["nothing to concatenate", () => g.concat([]), "concat: expected at least one value, got none"],
];

describe("errors while a graph is built", () => {
  it.each(failures)("%s", (_, attempt, message) => {
    expect(attempt).toThrow(ShapeError);
    expect(attempt).toThrow(message);
  });

  it("name a parameter declared twice", () => {
    const scope = new g.Scope(new g.Graph(), { training: true }).child("features").child("0");
    scope.parameter("weight", [1], () => new Float32Array(1));
    expect(() => scope.buffer("weight", [1])).toThrow(
      "scope: expected a parameter name not yet used, got features.0.weight; rename the layer",
    );
  });
});
