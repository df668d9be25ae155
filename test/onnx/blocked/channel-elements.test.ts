import { describe, expect, it } from "vitest";
import { type Shape, type Tensor, tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import { batchNorm, l2, lInf, type Metric, range, topK } from "../../../src/norm/index.js";
import { emitChannelGather, emitChannelScatter } from "../../../src/onnx/lower/blocked/channel-elements.js";
import { emitChannelTop } from "../../../src/onnx/lower/blocked/channel-top.js";
import {
  channelGather,
  channelScatter,
  channelTop,
  type Order,
} from "../../../src/onnx/lower/blocked/fusion/channel-elements.js";
import { expandFused } from "../../../src/onnx/lower/blocked/fusion/expand.js";
import { fuse } from "../../../src/onnx/lower/blocked/fusion/fuse.js";
import { explainLayouts } from "../../../src/onnx/lower/blocked/index.js";
import type { Layout } from "../../../src/onnx/lower/blocked/layout/implementation.js";
import { simplify } from "../../../src/onnx/simplify/simplify.js";
import { evaluate } from "../../../src/reference/index.js";
import { fromBatchLast, fromBlocked, toBatchLast, toBlocked } from "../../support/blocked-layout.js";
import { expectClose } from "../../support/compare.js";
import { runEmitted } from "../../support/emitted.js";
import { buildLayer } from "../../support/layers.js";
import { normal, tied } from "../../support/random-tensors.js";

const layouts: readonly (readonly [Layout, number])[] = [
  ["plain", 16],
  ["batchLast", 16],
  ["blocked", 8],
  ["blocked", 16],
];
const laidOut = (x: Tensor<"float32">, layout: Layout, block: number): Tensor<"float32"> =>
  layout === "plain" ? x : layout === "blocked" ? toBlocked(x, block) : toBatchLast(x);

const cases: readonly (readonly [string, Shape, number])[] = [
  ["many pieces", [24, 20, 6, 4], 4],
  ["one of many", [9, 16, 4, 4], 1],
  ["maps of one pixel", [40, 5, 1, 1], 3],
  ["one image", [1, 3, 8, 9], 5],
  ["more than there are images", [3, 17, 2, 2], 10],
  ["all there are", [2, 16, 3, 3], 18],
];
const orders: readonly Order[] = ["largest", "smallest", "magnitude"];

describe.each(layouts)("elements of channels, %s, in blocks of %i", (layout, block) => {
  describe.each(cases)("%s", (_, shape, k) => {
    const [, c] = shape as [number, number];
    const inputs: readonly (readonly [string, Tensor<"float32">, Tensor<"float32">])[] = [
      ["random", normal("elements", shape), normal("constant", [1, c, 1, 1])],
      ["tied", tied("elements", shape), tied("constant", [1, c, 1, 1])],
      ["constant", tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape), normal("constant", [1, c, 1, 1])],
      // Of these, float32 keeps a few values only.
      ["rounded away", normal("elements", shape), normal("constant", [1, c, 1, 1], 2e6, 1)],
      ["with one constant for all", tied("elements", shape), tensor([1], [1, 1, 1, 1])],
    ];

    it.each(inputs)("finds the first among equals: %s", async (_name, x, b) => {
      const map = shape[2]! * shape[3]!;
      const sums = x.data.map((value, i) => value + b.data[b.data.length === 1 ? 0 : Math.floor(i / map) % c]!);
      for (const by of orders) {
        for (const constant of [undefined, b]) {
          const graph = new g.Graph();
          const truth = channelTop.expand([graph.input("x", shape)], { k, by });
          const [expected] = evaluate([truth], { x: constant ? tensor(sums, shape) : x });
          const fed = { x: laidOut(x, layout, block), ...(constant ? { b: constant } : {}) };
          const { found } = await runEmitted(fed, (emit) => {
            const call = { x: "x", shape, layout, params: { k, by } };
            const vector = constant && { vector: "b", size: constant.data.length };
            const positions = emitChannelTop({ emit, block }, { ...call, constant: vector });
            return { found: emit.op("Cast", [positions], { to: 1 }) };
          });
          expect([...found!.data]).toEqual(Array.from(expected!.data, Number));
        }
      }
    });

    it("takes them, and adds to them", async () => {
      const [x, values] = [normal("image", shape), normal("values", [c, k])];
      const graph = new g.Graph();
      const [image, added] = [graph.input("x", shape), graph.input("values", [c, k])];
      const positions = channelTop.expand([image], { k, by: "magnitude" });
      const [where, taken, sum, alone] = evaluate(
        [
          positions,
          channelGather.expand([image, positions], {}),
          channelScatter.expand([added, positions, image], { shape }),
          channelScatter.expand([added, positions], { shape }),
        ],
        { x, values },
      );
      const found = await runEmitted({ x: laidOut(x, layout, block), values }, (emit) => {
        const context = { emit, block };
        const at = emit.constant(tensor(Array.from(where!.data, Number), [c, k], "int64"));
        const call = { values: "values", positions: at, shape, layout };
        return {
          taken: emitChannelGather(context, at, { x: "x", shape, layout }),
          sum: emitChannelScatter(context, { ...call, x: "x" }),
          alone: emitChannelScatter(context, call),
        };
      });
      const back = (y: Tensor<"float32">): Tensor<"float32"> =>
        layout === "plain" ? y : layout === "blocked" ? fromBlocked(y, c, block) : fromBatchLast(y);
      expectClose(found.taken!, taken!, { absolute: 0 });
      expectClose(back(found.sum!), sum!, { relative: 1e-7 });
      expectClose(back(found.alone!), alone!, { absolute: 0 });
    });
  });
});

describe.each<Metric>([l2(), lInf(), topK(3), topK(1000), range(), range({ chunks: 4 })])(
  "batch-norm in $name, fused",
  (metric) => {
    // Of an activation, and of a convolution, whose mean is not subtracted by a pass of its own.
    it.each([false, true])("means the same, behind a convolution: %s", (convolved) => {
      const { program, feeds } = normed(metric, convolved);
      const names = Object.keys(program.outputs);
      const before = evaluate(Object.values(program.outputs), feeds);
      const after = evaluate(Object.values(expandFused(fuse(simplify(program))).outputs), feeds);
      for (const [i, name] of names.entries()) expectClose(after[i]!, before[i]!, { relative: 1e-10 }, name);
    });
  },
);

describe.each<Metric>([lInf(), topK(3), range()])("batch-norm in $name", (metric) => {
  it("moves nothing for its few elements that L2 does not", () => {
    const [own, plainest] = [metric, l2()].map((each) => explainLayouts(normed(each, true).program, { block: 16 }));
    const conversions = (text: string): string[] => text.match(/\w+ → \w+ for/g) ?? [];
    expect(own).toContain("channelTop");
    expect(own).toContain("channelScatter");
    expect(own).not.toContain("transpose");
    expect(conversions(own!)).toEqual(conversions(plainest!));
  });
});

/** Batch-norm and ReLU with their gradients, for an input of many equal values. */
function normed(metric: Metric, convolved: boolean): { program: g.Program; feeds: g.Tensors } {
  const layer: g.Layer = {
    kind: "normed",
    apply(x, scope) {
      const w = x.graph.input("w", [6, 6, 3, 3]);
      return g.relu(batchNorm({ metric }).apply(convolved ? g.conv2d(x, w, { padding: 1 }) : x, scope));
    },
  };
  const { graph, output, scope, feeds } = buildLayer(layer, tied("x", [4, 6, 5, 5], 9));
  const dy = graph.input("dy", output.shape);
  const wanted = [...graph.inputs.values()].filter(
    (value) => value !== dy && !scope.buffers.some((b) => b.value === value),
  );
  const slopes = g.gradients(g.total(g.mul(output, dy)), wanted);
  const outputs = Object.fromEntries([output, ...slopes].flatMap((value, i) => (value ? [[`${i}`, value]] : [])));
  return {
    program: { graph, outputs },
    feeds: { ...feeds, w: normal("w", [6, 6, 3, 3]), dy: normal("dy", output.shape) },
  };
}
