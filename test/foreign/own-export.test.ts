import { expect, test } from "vitest";
import type { Tensor } from "../../src/core/index.js";
import { analyzeInvariance } from "../../src/dynamics/index.js";
import { modelGraph } from "../../src/foreign/index.js";
import * as g from "../../src/graph/index.js";
import { readOnnx, toOnnx } from "../../src/onnx/index.js";
import { normal } from "../support/random-tensors.js";

// Our own files write a mean as two sums and a factor, which holds for one batch size, and small maps side by side.
test.each([3, 9])("a network in training form, exported and read again, is judged as before: images of %i", (size) => {
  const graph = new g.Graph();
  const constants: Record<string, Tensor> = { w: normal("w", [4, 2, 3, 3]), b: normal("b", [4]) };
  const [w, b] = [graph.input("w", [4, 2, 3, 3]), graph.input("b", [4])];
  const x = graph.input("x", [3, 2, size, size]);
  const y = g.add(g.conv2d(x, w, { padding: 1 }), g.reshape(b, [1, 4, 1, 1]));
  const centred = g.sub(y, g.reduceMean(y, [0, 2, 3]));
  const output = g.tanh(g.div(centred, g.sqrt(g.add(g.reduceMean(g.square(centred), [0, 2, 3]), 1e-5))));

  const read = modelGraph(readOnnx(toOnnx({ graph, outputs: { y: output } }, { constants })));
  expect(read.unknown).toEqual([]);
  const found = analyzeInvariance(Object.values(read.outputs), read.parameters);
  expect(found.map(({ shape, invariance, withoutEffect }) => [shape.length, invariance, withoutEffect])).toEqual([
    [4, "channel", false],
    [1, "channel", true],
  ]);
});
