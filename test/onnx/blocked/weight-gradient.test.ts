import { describe, expect, it } from "vitest";
import type { Shape } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import { sizesOf } from "../../../src/onnx/lower/blocked/weight-gradient/formulation.js";
import {
  type WeightGradientProblem,
  weightGradientFormulations,
} from "../../../src/onnx/lower/blocked/weight-gradient/index.js";
import { emitRows, tapsLast } from "../../../src/onnx/lower/blocked/weight-gradient/rows.js";
import { groupsOf } from "../../../src/onnx/lower/blocked/weight-gradient/rows-plan.js";
import { evaluate } from "../../../src/reference/index.js";
import { machineBlock, toBlocked } from "../../support/blocked-layout.js";
import { expectClose } from "../../support/compare.js";
import { runEmitted } from "../../support/emitted.js";
import { normal } from "../../support/random-tensors.js";

interface Convolution {
  readonly x: Shape;
  readonly w: Shape;
  readonly options?: g.Conv2dOptions;
}

const padded = { padding: 1 };
const convolutions: readonly (readonly [string, Convolution])[] = [
  ["3×3", { x: [8, 16, 8, 8], w: [16, 16, 3, 3], options: padded }],
  ["3×3 of several blocks", { x: [32, 32, 6, 6], w: [48, 32, 3, 3], options: padded }],
  ["3×3 of more blocks than a tile", { x: [4, 16, 4, 4], w: [80, 16, 3, 3], options: padded }],
  ["3×3 of maps of two pixels", { x: [32, 64, 2, 2], w: [64, 64, 3, 3], options: padded }],
  ["3×3 of maps of one pixel", { x: [16, 16, 1, 1], w: [16, 16, 3, 3], options: padded }],
  ["3×3 of an odd batch", { x: [7, 16, 5, 5], w: [16, 16, 3, 3], options: padded }],
  ["3×3 of a batch that is no multiple of a block", { x: [20, 16, 4, 4], w: [16, 16, 3, 3], options: padded }],
  ["3×3 of a prime batch above a block", { x: [17, 16, 3, 3], w: [16, 16, 3, 3], options: padded }],
  ["3×3 of one image", { x: [1, 16, 8, 8], w: [32, 16, 3, 3], options: padded }],
  ["3×3, not padded", { x: [4, 16, 6, 7], w: [16, 16, 3, 3] }],
  ["3×3, padded unevenly", { x: [4, 16, 6, 7], w: [16, 16, 3, 3], options: { padding: [2, 0, 1, 3] } }],
  ["3×3, stride 2", { x: [16, 16, 8, 8], w: [32, 16, 3, 3], options: { ...padded, stride: 2 } }],
  ["3×3, stride 2, odd", { x: [3, 16, 7, 9], w: [32, 16, 3, 3], options: { ...padded, stride: 2 } }],
  ["3×3, strides that leave pixels out", { x: [2, 16, 10, 11], w: [16, 16, 2, 2], options: { stride: 4 } }],
  ["3×3, strides 1 and 2", { x: [4, 16, 6, 6], w: [16, 16, 3, 3], options: { ...padded, stride: [1, 2] } }],
  ["3×3 dilated", { x: [4, 16, 9, 9], w: [16, 16, 3, 3], options: { padding: 2, dilation: 2 } }],
  [
    "3×3 dilated, stride 2",
    { x: [4, 16, 9, 8], w: [16, 16, 3, 2], options: { stride: 2, dilation: [2, 3], padding: 1 } },
  ],
  ["1×1", { x: [8, 32, 7, 7], w: [64, 32, 1, 1] }],
  ["1×1, stride 2", { x: [8, 32, 8, 8], w: [64, 32, 1, 1], options: { stride: 2 } }],
  ["1×1, padded", { x: [2, 16, 3, 3], w: [16, 16, 1, 1], options: padded }],
  ["5×1", { x: [2, 16, 6, 6], w: [16, 16, 5, 1], options: { padding: [2, 0, 2, 0] } }],
  ["3×3 of RGB", { x: [8, 3, 8, 8], w: [16, 3, 3, 3], options: padded }],
  ["7×7 of RGB, stride 2", { x: [2, 3, 20, 20], w: [64, 3, 7, 7], options: { stride: 2, padding: 3 } }],
  ["channels that do not fill blocks", { x: [4, 20, 6, 6], w: [36, 20, 3, 3], options: padded }],
  ["groups of whole blocks", { x: [4, 32, 6, 6], w: [64, 16, 3, 3], options: { ...padded, groups: 2 } }],
  ["groups of narrow inputs", { x: [4, 8, 6, 6], w: [32, 4, 3, 3], options: { ...padded, groups: 2 } }],
  ["depthwise", { x: [4, 32, 6, 6], w: [32, 1, 3, 3], options: { ...padded, groups: 32 } }],
  ["depthwise, stride 2", { x: [4, 20, 8, 8], w: [20, 1, 3, 3], options: { ...padded, groups: 20, stride: 2 } }],
  [
    "depthwise, strides that leave pixels out",
    { x: [2, 16, 8, 8], w: [16, 1, 1, 1], options: { groups: 16, stride: 3 } },
  ],
];

// float32 rounds to 6e-8, and the sums here have at most some thousand terms, in stages: see the portable lowering's test.
const tolerance = 1e-6;

describe.each(convolutions)("the weight gradient of a convolution %s", (_, { x: xShape, w, options }) => {
  const graph = new g.Graph();
  const x = graph.input("x", xShape);
  const y = g.conv2d(x, graph.input("w", w), options);
  const dy = graph.input("dy", y.shape);
  const { params } = y.source as unknown as { params: g.Conv2dParams };
  const gradient = g.conv2dWeightGradient(x, dy, w, params);
  const problem: WeightGradientProblem = {
    xShape,
    dyShape: y.shape,
    params: { ...params, weightShape: w },
  };
  const feeds = { x: normal("x", xShape), dy: normal("dy", y.shape) };
  const [truth] = evaluate([gradient], feeds);

  it("agrees with the reference in every formulation", async () => {
    const block = await machineBlock();
    const formulations = weightGradientFormulations(problem, block);
    expect(formulations.length).toBeGreaterThan(0);
    for (const { name, operands, emit } of formulations) {
      const inputs = {
        x: operands[0] === "plain" ? feeds.x : toBlocked(feeds.x, block),
        dy: toBlocked(feeds.dy, block),
      };
      const { dw } = await runEmitted(inputs, (emitter) => ({ dw: emit({ emit: emitter, block }, "x", "dy") }));
      expectClose(dw!, truth!, { relative: tolerance }, name);
    }
  });
});

describe("however rows and images are divided", () => {
  it.each([
    { strips: 4, images: 1, channels: 2 },
    { strips: 1, images: 4, channels: 2 },
    { strips: 2, images: 2, channels: 4 },
    { strips: 8, images: 8, channels: 1 },
    { strips: 1, images: 1, channels: 1 },
    { strips: 1, images: 16, channels: 1 },
  ])("the sum is the same: %o", async (plan) => {
    const block = await machineBlock();
    for (const stride of [1, 2] as const) {
      const graph = new g.Graph();
      const x = graph.input("x", [16, 2 * block, 8 * stride, 6]);
      const y = g.conv2d(x, graph.input("w", [3 * block, 2 * block, 3, 3]), { padding: 1, stride });
      const dy = graph.input("dy", y.shape);
      const { params } = y.source as unknown as { params: g.Conv2dParams };
      const weightShape = [3 * block, 2 * block, 3, 3];
      const problem = { xShape: x.shape, dyShape: y.shape, params: { ...params, weightShape } };
      expect(groupsOf(sizesOf(problem), plan) * plan.images * plan.channels).toBe(16 * plan.strips);
      const feeds = { x: normal("x", x.shape), dy: normal("dy", y.shape) };
      const [truth] = evaluate([g.conv2dWeightGradient(x, dy, weightShape, params)], feeds);
      const inputs = { x: toBlocked(feeds.x, block), dy: toBlocked(feeds.dy, block) };
      const { dw } = await runEmitted(inputs, (emit) => ({
        dw: tapsLast(
          { emit, block },
          emitRows({ emit, block }, problem, plan, { x: "x", xLayout: "blocked", dy: "dy" }),
          problem,
        ),
      }));
      expectClose(dw!, truth!, { relative: tolerance });
    }
  });
});
