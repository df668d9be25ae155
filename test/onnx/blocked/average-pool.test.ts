import { describe, it } from "vitest";
import type { Shape } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import { emitAveragePool, emitAveragePoolGradient } from "../../../src/onnx/lower/blocked/average-pool.js";
import type { BlockedContext } from "../../../src/onnx/lower/blocked/context.js";
import { evaluate } from "../../../src/reference/index.js";
import { expectBlocked } from "../../support/blocked-layout.js";
import { normal } from "../../support/random-tensors.js";

const poolings: readonly (readonly [string, Shape, g.Pool2dOptions])[] = [
  ["of the whole map", [3, 32, 5, 7], { kernel: [5, 7] }],
  ["of the whole map, whatever the stride", [3, 20, 4, 4], { kernel: 4, stride: 1 }],
  ["2×2", [2, 20, 6, 8], { kernel: 2 }],
  ["2×2 that leave a row out", [2, 16, 7, 8], { kernel: 2 }],
  ["3×3 at every pixel, padded", [2, 16, 5, 5], { kernel: 3, stride: 1, padding: 1 }],
  ["3×3 that overlap, padded", [2, 16, 8, 8], { kernel: 3, stride: 2, padding: 1 }],
  ["2×2, padded", [2, 16, 4, 4], { kernel: 2, padding: 1 }],
];

describe.each(poolings)("average pooling, blocked: %s", (_, shape, options) => {
  const graph = new g.Graph();
  const x = graph.input("x", shape);
  const y = g.averagePool2d(x, options);
  const params = (y.source as { params: object }).params as g.Pool2dParams;

  it("gives what the reference gives", async () => {
    const image = normal("x", shape);
    const [truth] = evaluate([y], { x: image });
    const build = (context: BlockedContext) => emitAveragePool(context, { x: "x", xShape: shape, params });
    await expectBlocked({ inputs: { x: image }, build }, truth!, { relative: 3e-7 });
  });

  it("has its gradient", async () => {
    const dy = graph.input("dy", y.shape);
    const [dx] = g.gradients(g.total(g.mul(y, dy)), [x]);
    const feeds = { dy: normal("dy", y.shape) };
    const [truth] = evaluate([dx!], { ...feeds, x: normal("x", shape) });
    const call = { dy: "dy", dyShape: y.shape, params: { ...params, inputShape: shape } };
    const build = (context: BlockedContext) => emitAveragePoolGradient(context, call);
    await expectBlocked({ inputs: feeds, build }, truth!, { relative: 3e-7 });
  });
});
