import { describe, it } from "vitest";
import { type Shape, type Tensor, tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import type { BlockedContext } from "../../../src/onnx/lower/blocked/context.js";
import { emitMaxPool, emitMaxPoolGradient } from "../../../src/onnx/lower/blocked/max-pool.js";
import { evaluate } from "../../../src/reference/index.js";
import { expectBlocked } from "../../support/blocked-layout.js";
import { normal, tied } from "../../support/random-tensors.js";

interface Pooling {
  readonly shape: Shape;
  readonly options: g.Pool2dOptions;
}

const poolings: readonly (readonly [string, Pooling])[] = [
  ["2×2", { shape: [3, 32, 8, 6], options: { kernel: 2 } }],
  ["2×2 of channels that do not fill a block", { shape: [2, 20, 4, 4], options: { kernel: 2 } }],
  ["2×2 that leave a row and a column out", { shape: [2, 16, 7, 9], options: { kernel: 2 } }],
  ["1×3", { shape: [2, 16, 4, 9], options: { kernel: [1, 3] } }],
  ["2×2 at distances of 3", { shape: [2, 16, 8, 8], options: { kernel: 2, stride: 3 } }],
  ["3×3 that overlap, padded", { shape: [2, 32, 8, 8], options: { kernel: 3, stride: 2, padding: 1 } }],
  ["3×3 that overlap, padded, odd", { shape: [2, 16, 7, 7], options: { kernel: 3, stride: 2, padding: 1 } }],
  ["3×3 at every pixel", { shape: [2, 16, 5, 5], options: { kernel: 3, stride: 1, padding: 1 } }],
  ["2×2, padded", { shape: [2, 16, 4, 4], options: { kernel: 2, padding: 1 } }],
  ["2×2 dilated", { shape: [2, 16, 7, 7], options: { kernel: 2, stride: 2, dilation: 2 } }],
];

/** Random, with many ties, and all ties at a window's border. */
const inputsOf = (shape: Shape): readonly (readonly [string, Tensor<"float32">])[] => [
  ["random", normal("pool", shape)],
  ["tied", tied("pool", shape)],
  ["after ReLU", relu(tied("pool", shape, 4))],
  ["constant", tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape)],
];
const relu = ({ data, shape }: Tensor<"float32">): Tensor<"float32"> =>
  tensor(
    data.map((value) => Math.max(value, 0)),
    shape,
  );

describe.each(poolings)("max pooling, blocked: %s", (_, { shape, options }) => {
  const graph = new g.Graph();
  const x = graph.input("x", shape);
  const y = g.maxPool2d(x, options);
  const dy = graph.input("dy", y.shape);
  const params = (y.source as { params: object }).params as g.Pool2dParams;
  const [dx] = g.gradients(g.total(g.mul(y, dy)), [x]);

  it.each(inputsOf(shape))("of %s elements", async (_name, image) => {
    const [truth] = evaluate([y], { x: image });
    const build = (context: BlockedContext) => emitMaxPool(context, { x: "x", xShape: shape, params });
    await expectBlocked({ inputs: { x: image }, build }, truth!, { absolute: 0 });
  });

  it.each(inputsOf(shape))("gives the first of tied maxima the gradient, of %s elements", async (_name, image) => {
    const feeds = { x: image, dy: normal("dy", y.shape) };
    const [truth, output] = evaluate([dx!, y], feeds) as Tensor<"float64">[];
    const inputs = { ...feeds, y: tensor(Float32Array.from(output!.data), y.shape) };
    const call = { x: "x", y: "y", dy: "dy", xShape: shape, yShape: y.shape, params };
    // Windows that overlap add up to as many shares as there are; all else is moved, not computed.
    const tolerance = { relative: 1e-7 };
    await expectBlocked({ inputs, build: (context) => emitMaxPoolGradient(context, call) }, truth!, tolerance);

    const masked = truth!.data.map((value, i) => (image.data[i]! > 0 ? value : 0));
    const gated = (context: BlockedContext) => emitMaxPoolGradient(context, { ...call, gated: true });
    await expectBlocked({ inputs, build: gated }, tensor(masked, shape, "float64"), tolerance);
  });
});
