import { describe, expect, it } from "vitest";
import type { Shape, Tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import type { BlockedContext } from "../../../src/onnx/lower/blocked/context.js";
import { sizesOf } from "../../../src/onnx/lower/blocked/weight-gradient/formulation.js";
import {
  type WeightGradientProblem,
  weightGradientFormulations,
} from "../../../src/onnx/lower/blocked/weight-gradient/index.js";
import { emitRows, tapsLast } from "../../../src/onnx/lower/blocked/weight-gradient/rows.js";
import { groupsOf } from "../../../src/onnx/lower/blocked/weight-gradient/rows-plan.js";
import { Emitter, type TensorName } from "../../../src/onnx/lower/emitter.js";
import { evaluate } from "../../../src/reference/index.js";
import { machineBlock, toBlocked } from "../../support/blocked-layout.js";
import { expectClose } from "../../support/compare.js";
import { runEmitted } from "../../support/emitted.js";
import { EmulatedBlocks } from "../../support/emulated-blocks.js";
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

  it.each([8, 16])("agrees with the reference in every formulation, with blocks of %i", async (block) => {
    const formulations = weightGradientFormulations(problem, block);
    expect(formulations.length).toBeGreaterThan(0);
    for (const { name, operands, emit } of formulations) {
      const found = await run(block, feeds, operands[0], (context) => emit(context, "x", "dy"));
      expectClose(found, truth!, { relative: tolerance }, name);
    }
  });
});

/** Emits and runs for a block: the machine's own as it is, the other one in an emulation. */
async function run(
  block: number,
  { x, dy }: { readonly x: Tensor<"float32">; readonly dy: Tensor<"float32"> },
  xLayout: "plain" | "blocked",
  build: (context: BlockedContext) => TensorName,
): Promise<Tensor<"float32">> {
  const emitter = block === (await machineBlock()) ? new Emitter() : new EmulatedBlocks(block);
  const inputs = { x: xLayout === "plain" ? x : toBlocked(x, block), dy: toBlocked(dy, block) };
  const { dw } = await runEmitted(inputs, (emit) => ({ dw: build({ emit, block }) }), emitter);
  return dw!;
}

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
      const dw = await run(block, feeds, "blocked", (context) => {
        const operands = { x: "x", xLayout: "blocked", dy: "dy" } as const;
        return tapsLast(context, emitRows(context, problem, plan, operands), problem);
      });
      expectClose(dw, truth!, { relative: tolerance });
    }
  });
});

describe("sums of 131,072 products", () => {
  it("lose no more digits than float32 must", async () => {
    const graph = new g.Graph();
    const x = graph.input("x", [128, 16, 32, 32]);
    const dy = graph.input("dy", [128, 16, 32, 32]);
    const params = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
    const weightShape = [16, 16, 3, 3];
    // Of equal sign, as after a ReLU: one running float32 sum of them is off by about 1e-4.
    const feeds = { x: normal("x", x.shape, 1, 1), dy: normal("dy", dy.shape, 1, 0.3) };
    const [truth] = evaluate([g.conv2dWeightGradient(x, dy, weightShape, params)], feeds);
    const problem = { xShape: x.shape, dyShape: dy.shape, params: { ...params, weightShape } };
    const block = await machineBlock();
    for (const { name, operands, emit } of weightGradientFormulations(problem, block)) {
      const found = await run(block, feeds, operands[0], (context) => emit(context, "x", "dy"));
      expectClose(found, truth!, { relative: 2e-6 }, name);
    }
  });
});

describe("the choice among formulations", () => {
  const nameOfCheapest = (x: Shape, w: Shape, options: g.Conv2dOptions = {}, block = 16): string => {
    const graph = new g.Graph();
    const y = g.conv2d(graph.input("x", x), graph.input("w", w), options);
    const { params } = y.source as unknown as { params: g.Conv2dParams };
    const problem = { xShape: x, dyShape: y.shape, params: { ...params, weightShape: w } };
    return weightGradientFormulations(problem, block).reduce((a, b) => (b.cost < a.cost ? b : a)).name;
  };

  it("is that of the fastest one, as measured", () => {
    expect(nameOfCheapest([128, 16, 32, 32], [16, 16, 3, 3], padded)).toBe("rows");
    expect(nameOfCheapest([128, 64, 16, 16], [128, 64, 3, 3], padded)).toBe("rows");
    expect(nameOfCheapest([128, 256, 8, 8], [256, 256, 3, 3], padded)).toBe("column pairs");
    expect(nameOfCheapest([128, 512, 4, 4], [512, 512, 3, 3], padded)).toBe("column pairs");
    expect(nameOfCheapest([8, 512, 28, 28], [128, 512, 1, 1])).toBe("pointwise");
    expect(nameOfCheapest([64, 64, 32, 32], [128, 64, 1, 1], { stride: 2 })).toBe("pointwise");
    expect(nameOfCheapest([8, 32, 14, 14], [32, 1, 3, 3], { ...padded, groups: 32 })).toBe("depthwise");
  });
});
