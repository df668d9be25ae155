import { describe, it } from "vitest";
import { type Shape, type Tensor, tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import type { BlockedContext } from "../../../src/onnx/lower/blocked/context.js";
import {
  emitSmallMapConvolution,
  emitSmallMapInputGradient,
  emitSmallMapWeightGradient,
} from "../../../src/onnx/lower/blocked/small-map-convolution.js";
import {
  emitSmallMapAveragePool,
  emitSmallMapAveragePoolGradient,
  emitSmallMapMaxPool,
  emitSmallMapMaxPoolGradient,
} from "../../../src/onnx/lower/blocked/small-map-pool.js";
import type { TensorName } from "../../../src/onnx/lower/emitter.js";
import { evaluate } from "../../../src/reference/index.js";
import { fromBatchLast, machineBlock, toBatchLast } from "../../support/blocked-layout.js";
import { expectClose } from "../../support/compare.js";
import { runEmitted } from "../../support/emitted.js";
import { normal, tied } from "../../support/random-tensors.js";

const batchLast = ([n, ...rest]: Shape): Shape => [...rest, n!];
const paramsOf = <P>(value: g.Value): P => (value.source as { params: object }).params as P;

async function run(
  inputs: Readonly<Record<string, Tensor<"float32">>>,
  build: (context: BlockedContext) => TensorName,
): Promise<Tensor<"float32">> {
  const block = await machineBlock();
  const { result } = await runEmitted(inputs, (emit) => ({ result: build({ emit, block }) }));
  return result!;
}

describe.each([
  ["3×3 on 2×2", [5, 6, 2, 2], [7, 6, 3, 3], { padding: 1 }],
  ["3×3 on 4×4", [5, 6, 4, 4], [7, 6, 3, 3], { padding: 1 }],
  ["3×3 on 4×4, with channels for blocks", [5, 4, 4, 4], [16, 4, 3, 3], { padding: 1 }],
  ["3×3 on 1×1", [5, 6, 1, 1], [7, 6, 3, 3], { padding: 1 }],
  ["1×1", [5, 6, 2, 3], [7, 6, 1, 1], {}],
  ["stride 2", [5, 6, 4, 4], [7, 6, 3, 3], { padding: 1, stride: 2 }],
  ["1×1, stride 2", [5, 6, 4, 4], [7, 6, 1, 1], { stride: 2 }],
  ["dilation", [5, 6, 4, 4], [7, 6, 3, 2], { padding: [2, 1], dilation: [2, 1] }],
] as const)("convolution, batch last: %s", (_, xShape, wShape, options) => {
  const graph = new g.Graph();
  const [x, w] = [graph.input("x", xShape), graph.input("w", wShape)];
  const y = g.conv2d(x, w, options);
  const [dy, bias] = [graph.input("dy", y.shape), graph.input("bias", [wShape[0]])];
  const [dx, dw] = g.gradients(g.total(g.mul(y, dy)), [x, w]);
  const feeds = {
    x: normal("x", xShape),
    w: normal("w", wShape),
    dy: normal("dy", y.shape),
    bias: normal("b", [wShape[0]]),
  };
  const shifted = g.add(y, g.broadcastTo(g.reshape(bias, [1, wShape[0], 1, 1]), y.shape));
  const [output, forX, forW] = evaluate([shifted, dx!, dw!], feeds);
  const params = paramsOf<g.Conv2dParams>(y);
  const call = { xShape: batchLast(xShape), wShape, outputShape: batchLast(y.shape), params };
  const tolerance = { relative: 5e-7 };

  it("gives what the reference gives", async () => {
    const inputs = { x: toBatchLast(feeds.x), w: feeds.w, bias: feeds.bias };
    const found = await run(inputs, (context) =>
      emitSmallMapConvolution(context, { ...call, x: "x", w: "w", bias: "bias" }),
    );
    expectClose(fromBatchLast(found), output!, tolerance);
  });

  it("has the gradients of the reference", async () => {
    const gradient = { ...call, params: { ...params, inputShape: xShape, weightShape: wShape } };
    const inputs = { x: toBatchLast(feeds.x), dy: toBatchLast(feeds.dy), w: feeds.w };
    const foundX = await run({ dy: inputs.dy, w: inputs.w }, (context) =>
      emitSmallMapInputGradient(context, { ...gradient, dy: "dy", w: "w" }),
    );
    expectClose(fromBatchLast(foundX), forX!, tolerance);
    const foundW = await run({ dy: inputs.dy, x: inputs.x }, (context) =>
      emitSmallMapWeightGradient(context, { ...gradient, dy: "dy", x: "x" }),
    );
    expectClose(foundW, forW!, tolerance);
  });
});

describe.each([
  ["2×2", [5, 6, 4, 4], { kernel: 2 }],
  ["2×2 of 2×2", [5, 6, 2, 2], { kernel: 2 }],
  ["2×2 that leave a row out", [5, 6, 3, 2], { kernel: 2 }],
  ["3×3 that overlap, padded", [5, 6, 4, 4], { kernel: 3, stride: 2, padding: 1 }],
] as const)("pooling, batch last: %s", (_, shape, options) => {
  const graph = new g.Graph();
  const x = graph.input("x", shape);
  const [maximum, average] = [g.maxPool2d(x, options), g.averagePool2d(x, options)];
  const dy = graph.input("dy", maximum.shape);
  const [dMaximum] = g.gradients(g.total(g.mul(maximum, dy)), [x]);
  const [dAverage] = g.gradients(g.total(g.mul(average, dy)), [x]);
  const call = { xShape: batchLast(shape), yShape: batchLast(dy.shape), params: paramsOf<g.Pool2dParams>(maximum) };

  it.each([
    ["random", normal("pool", shape)],
    ["tied", tied("pool", shape, 4)],
  ])("of %s elements, and their gradients", async (_name, image) => {
    const feeds = { x: image, dy: normal("dy", dy.shape) };
    const truth = evaluate([maximum, average, dMaximum!, dAverage!], feeds) as Tensor<"float64">[];
    const y = tensor(Float32Array.from(truth[0]!.data), maximum.shape);
    const inputs = { x: toBatchLast(image), y: toBatchLast(y), dy: toBatchLast(feeds.dy) };
    const onImage = { ...call, x: "x" };
    const gradient = { ...onImage, y: "y", dy: "dy" };
    const positive = truth[2]!.data.map((value, i) => (image.data[i]! > 0 ? value : 0));
    for (const [found, expected] of [
      [await run({ x: inputs.x }, (context) => emitSmallMapMaxPool(context, onImage)), truth[0]!],
      [await run({ x: inputs.x }, (context) => emitSmallMapAveragePool(context, onImage)), truth[1]!],
      [await run(inputs, (context) => emitSmallMapMaxPoolGradient(context, gradient)), truth[2]!],
      [
        await run(inputs, (context) => emitSmallMapMaxPoolGradient(context, { ...gradient, gated: true })),
        tensor(positive, shape, "float64"),
      ],
      [
        await run({ dy: inputs.dy }, (context) => emitSmallMapAveragePoolGradient(context, { ...call, dy: "dy" })),
        truth[3]!,
      ],
    ] as const) {
      expectClose(fromBatchLast(found), expected, { relative: 3e-7 });
    }
  });
});
