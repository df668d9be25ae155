import { describe, it } from "vitest";
import type { Shape, Tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import type { BlockedContext } from "../../../src/onnx/lower/blocked/context.js";
import { emitConvolution, readsPlain } from "../../../src/onnx/lower/blocked/convolution.js";
import { emitInputGradient } from "../../../src/onnx/lower/blocked/input-gradient.js";
import { emitPerChannel } from "../../../src/onnx/lower/blocked/reorder.js";
import { evaluate } from "../../../src/reference/index.js";
import { expectBlocked } from "../../support/blocked-layout.js";
import { normal } from "../../support/random-tensors.js";

interface Case {
  readonly x: Shape;
  readonly w: Shape;
  readonly options?: g.Conv2dOptions;
}

const cases: readonly (readonly [string, Case])[] = [
  ["3×3", { x: [2, 32, 6, 7], w: [48, 32, 3, 3], options: { padding: 1 } }],
  ["1×1", { x: [2, 32, 5, 5], w: [16, 32, 1, 1] }],
  ["channels that fill no block", { x: [2, 20, 6, 6], w: [9, 20, 3, 3], options: { padding: 1 } }],
  ["images of 3 channels", { x: [2, 3, 9, 9], w: [24, 3, 3, 3], options: { padding: 1 } }],
  ["images of 3 channels, 7×7, stride 2", { x: [2, 3, 16, 16], w: [32, 3, 7, 7], options: { padding: 3, stride: 2 } }],
  ["5 × 3 without padding", { x: [2, 16, 8, 8], w: [16, 16, 5, 3] }],
  ["wide and uneven padding", { x: [2, 16, 4, 4], w: [16, 16, 3, 3], options: { padding: [2, 1, 1, 2] } }],
  ["padding wider than the kernel", { x: [2, 16, 4, 4], w: [16, 16, 1, 1], options: { padding: 1 } }],
  ["dilation", { x: [2, 16, 8, 8], w: [32, 16, 3, 3], options: { padding: 2, dilation: 2 } }],
  ["dilation and stride", { x: [2, 16, 9, 9], w: [32, 16, 3, 3], options: { padding: 2, dilation: 2, stride: 2 } }],
  ["3×3, stride 2", { x: [2, 16, 8, 8], w: [32, 16, 3, 3], options: { padding: 1, stride: 2 } }],
  ["3×3, stride 2, odd", { x: [2, 16, 7, 9], w: [32, 16, 3, 3], options: { padding: 1, stride: 2 } }],
  ["1×1, stride 2", { x: [2, 16, 8, 8], w: [32, 16, 1, 1], options: { stride: 2 } }],
  ["1×1, stride 2, odd", { x: [2, 16, 7, 7], w: [32, 16, 1, 1], options: { stride: 2 } }],
  ["4×4, stride 4", { x: [2, 16, 8, 8], w: [32, 16, 4, 4], options: { stride: 4 } }],
  ["2×2, stride 2, padded", { x: [2, 16, 6, 6], w: [16, 16, 2, 2], options: { stride: 2, padding: 1 } }],
  ["stride 3 × 1", { x: [2, 16, 9, 6], w: [16, 16, 5, 3], options: { stride: [3, 1], padding: [2, 1] } }],
  ["groups of blocks", { x: [2, 64, 6, 6], w: [96, 32, 3, 3], options: { padding: 1, groups: 2 } }],
  [
    "groups of blocks, stride 2",
    { x: [2, 32, 6, 6], w: [64, 16, 3, 3], options: { padding: 1, groups: 2, stride: 2 } },
  ],
  ["groups of 4 channels", { x: [2, 16, 6, 6], w: [32, 4, 3, 3], options: { padding: 1, groups: 4 } }],
  ["depthwise", { x: [2, 20, 6, 6], w: [20, 1, 3, 3], options: { padding: 1, groups: 20 } }],
  ["depthwise, stride 2", { x: [2, 32, 8, 8], w: [32, 1, 3, 3], options: { padding: 1, groups: 32, stride: 2 } }],
  ["two outputs per channel", { x: [2, 16, 6, 6], w: [32, 1, 3, 3], options: { padding: 1, groups: 16 } }],
];

// float32 rounds to 6e-8; sums of up to 600 terms of random sign.
const tolerance = { relative: 1e-6 };

describe.each(cases)("convolution, blocked: %s", (_, { x: xShape, w: wShape, options = {} }) => {
  const graph = new g.Graph();
  const [x, w] = [graph.input("x", xShape), graph.input("w", wShape)];
  const y = g.conv2d(x, w, options);
  const [bias, sum] = [graph.input("bias", [y.shape[1]!]), graph.input("sum", y.shape)];
  const params = (y.source as { params: object }).params as g.Conv2dParams;
  const [images, weights] = [normal("x", xShape), normal("w", wShape)];
  const call = { x: "x", w: "w", xShape, wShape, outputShape: y.shape, params };
  const plainOf = (block: number): string[] => (readsPlain({ block } as never, call) ? ["x"] : []);

  it("gives what the reference gives", async () => {
    const [truth] = evaluate([y], { x: images, w: weights });
    const inputs = { x: images, w: weights };
    const build = (context: BlockedContext) => emitConvolution(context, call);
    await expectBlocked({ inputs, plain: (block) => ["w", ...plainOf(block)], build }, truth!, tolerance);
  });

  it("adds a bias and a tensor and applies ReLU", async () => {
    const feeds = { x: images, w: weights, bias: normal("bias", bias.shape), sum: normal("sum", y.shape) };
    const column = g.reshape(bias, [1, y.shape[1]!, 1, 1]);
    const [truth] = evaluate([g.relu(g.add(g.add(y, g.broadcastTo(column, y.shape)), sum))], feeds);

    const build = (context: BlockedContext) =>
      emitConvolution(context, {
        ...call,
        constant: emitPerChannel(context, "bias", y.shape[1]!),
        added: "sum",
        activation: "relu",
      });
    await expectBlocked(
      { inputs: feeds, plain: (block) => ["w", "bias", ...plainOf(block)], build },
      truth!,
      tolerance,
    );
  });

  it("has the input gradient of the reference", async () => {
    const dy = graph.input("dy", y.shape);
    const [dx] = g.gradients(g.total(g.mul(y, dy)), [x]);
    const feeds: Record<string, Tensor<"float32">> = { w: weights, dy: normal("dy", y.shape) };
    const [truth] = evaluate([dx!], { ...feeds, x: images });
    const gradient = { dy: "dy", w: "w", dyShape: y.shape, wShape, params: { ...params, inputShape: xShape } };

    const build = (context: BlockedContext) => emitInputGradient(context, gradient);
    await expectBlocked({ inputs: feeds, plain: () => ["w"], build }, truth!, tolerance);
  });

  it("adds to the input gradient a tensor and the gradient of another convolution", async () => {
    const shortcut = graph.input("v", [16, xShape[1]!, 1, 1]);
    const also = g.conv2d(x, shortcut, { stride: options.stride ?? 1 });
    const [dy, dz, rest] = [graph.input("g", y.shape), graph.input("dz", also.shape), graph.input("rest", xShape)];
    const [dx] = g.gradients(g.add(g.total(g.mul(y, dy)), g.total(g.mul(also, dz))), [x]);
    const feeds = {
      w: weights,
      v: normal("v", shortcut.shape),
      g: normal("dy", y.shape),
      dz: normal("dz", also.shape),
      rest: normal("rest", xShape),
    };
    const [truth] = evaluate([g.add(dx!, rest)], { ...feeds, x: images });

    const build = (context: BlockedContext) =>
      emitInputGradient(
        context,
        { dy: "g", w: "w", dyShape: y.shape, wShape, params: { ...params, inputShape: xShape }, added: "rest" },
        {
          also: {
            dy: "dz",
            w: "v",
            dyShape: also.shape,
            wShape: shortcut.shape,
            params: { ...(also.source as { params: object }).params, inputShape: xShape } as never,
          },
        },
      );
    await expectBlocked({ inputs: feeds, plain: () => ["w", "v"], build }, truth!, tolerance);
  });
});
