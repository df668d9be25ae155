import { expect, it } from "vitest";
import { type Tensor, tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import { batchNorm, l1, l2, type Metric } from "../../../src/norm/index.js";
import { blocked, toOnnx } from "../../../src/onnx/index.js";
import { evaluate } from "../../../src/reference/index.js";
import { networkScope } from "../../../src/train/index.js";
import { machineBlock } from "../../support/blocked-layout.js";
import { difference } from "../../support/compare.js";
import { normal } from "../../support/random-tensors.js";
import { runModel } from "../../support/run-model.js";

const block = await machineBlock();

const shape = [8, 16, 32, 32];

/** The relative error of batch-norm of numbers of deviation 1, and of its gradient, whichever is larger. */
async function errorOf(metric: Metric, mean: number, behind: "a convolution" | "an input"): Promise<number> {
  const graph = new g.Graph();
  const x = graph.input("x", shape);
  const z = behind === "an input" ? x : g.conv2d(x, graph.constant(tensor(identity(16), [16, 16, 1, 1])));
  const y = batchNorm({ metric, affine: false }).apply(z, networkScope(graph, { training: true }));
  const [dz] = g.gradients(g.total(g.mul(y, graph.input("dy", shape))), [z]);
  const feeds = { x: normal("x", shape, mean), dy: normal("dy", shape) };
  const found = await runModel(toOnnx({ graph, outputs: { y, dz: dz! } }, { lowering: blocked({ block }) }), feeds);
  const [expected, expectedGradient] = evaluate([y, dz!], feeds) as [Tensor, Tensor];
  const errors = [difference(found.y!, expected), difference(found.dz!, expectedGradient)];
  return Math.max(...errors.map(({ relative }) => relative));
}

const identity = (size: number): Float32Array =>
  Float32Array.from({ length: size * size }, (_, at) => Number(at % (size + 1) === 0));

/** Of a float32 operation. */
const unitRoundoff = 2 ** -24;

/**
 * Σz² and n·mean² are 1 + ratio² times as large as their difference, and so are their rounding errors: those of a chain of
 * additions, over a map, grow with the root of its length. Of the variance half reaches y.
 */
const onePass = (ratio: number): number => ((1 + ratio ** 2) * unitRoundoff * Math.sqrt(shape[2]! * shape[3]!)) / 2;

it.each([1, 3, 10, 30])("of a convolution's output whose mean is %d deviations", async (ratio) => {
  expect(await errorOf(l2(), ratio, "a convolution")).toBeLessThan(onePass(ratio));
});

/** Where the deviation is taken of z − mean, only the mean's own error counts, once. */
const twoPasses = (ratio: number): number => (1 + ratio) * unitRoundoff * Math.sqrt(shape[2]! * shape[3]!);

it.each([
  ["L1 of a convolution's output", l1(), "a convolution", 30],
  ["L2 of anything else", l2(), "an input", 1000],
  ["L1 of anything else", l1(), "an input", 1000],
] as const)("%s", async (_, metric, behind, ratio) => {
  expect(await errorOf(metric, ratio, behind)).toBeLessThan(twoPasses(ratio));
});
