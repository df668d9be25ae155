import { afterAll, describe, expect, it } from "vitest";
import { InvalidArgumentError, type Tensor, tensor } from "../../../src/core/index.js";
import * as g from "../../../src/graph/index.js";
import { blocked, toOnnx } from "../../../src/onnx/index.js";
import { referenceRuntime } from "../../../src/reference/index.js";
import { nodeRuntime } from "../../../src/runtime/node/index.js";
import { expectAllClose } from "../../support/compare.js";
import { integers, normal } from "../../support/random-tensors.js";

const shape = [2, 24, 6, 6];
const runtime = nodeRuntime({ threads: 1, lowering: "blocked" });
afterAll(() => runtime.close());

async function expectReference(program: g.Program, feeds: g.Tensors, relative: number): Promise<void> {
  const run = async (on: g.Runtime) => (await on.load(program)).run(feeds);
  expectAllClose(await run(runtime), await run(referenceRuntime()), { relative });
}

/** Two convolutions with a normalization's sums between them. */
function network(x: g.Value): Record<string, g.Value> {
  const { graph, dtype } = x;
  const w = g.cast(graph.constant(normal("w", [24, 24, 3, 3], 0, 0.1)), dtype);
  const z = g.conv2d(x, w, { padding: 1 });
  const mean = g.reduceMean(z, [0, 2, 3]);
  const y = g.relu(g.sub(z, mean));
  return { z, mean, y, again: g.conv2d(y, w, { padding: 1 }), power: g.reduceSum(g.mul(y, y), [0, 2, 3]) };
}

describe("the blocked lowering", () => {
  it("takes images in, from a constant and as they come, and gives them back", async () => {
    const graph = new g.Graph();
    const [x, fixed] = [graph.input("x", shape), graph.constant(normal("fixed", shape))];
    const outputs = { ...network(g.add(x, fixed)), same: x, fixed, twice: g.mul(fixed, 2) };
    await expectReference({ graph, outputs }, { x: normal("x", shape) }, 1e-5);
  });

  it.each(["uint8", "int32", "int64", "bool"] as const)("takes images of %s", async (dtype) => {
    const graph = new g.Graph();
    const x = graph.input("x", shape, dtype);
    const whole = integers("whole", shape, 2, "int32");
    const feeds = { x: tensor(Array.from(whole.data), shape, dtype) as Tensor };
    await expectReference({ graph, outputs: { ...network(g.cast(x, "float32")), same: x } }, feeds, 1e-5);
  });

  it("leaves float64 to standard operators", async () => {
    const graph = new g.Graph();
    const x = graph.input("x", shape, "float64");
    const y = g.relu(g.sub(x, g.reduceMean(x, [0, 2, 3])));
    const outputs = { y, pooled: g.reduceMax(y, [2, 3]), power: g.reduceSum(g.mul(y, y), [0, 2, 3]) };
    await expectReference({ graph, outputs }, { x: normal("x", shape) }, 1e-12);
  });

  it("leaves float16 to standard operators", async () => {
    const graph = new g.Graph();
    const outputs = network(graph.input("x", shape, "float16"));
    await expectReference({ graph, outputs }, { x: normal("x", shape) }, 1e-2);
  });

  it("wants to know the batch", () => {
    const graph = new g.Graph();
    const program = { graph, outputs: { y: g.relu(graph.input("x", shape)) } };
    const lowering = blocked({ block: 16 });
    expect(() => toOnnx(program, { lowering, freeBatch: true })).toThrow(
      new InvalidArgumentError(
        "toOnnx: expected a lowering that leaves the batch free, with freeBatch, got blocked 16; " +
          "take the portable one, or fix the batch",
      ),
    );
  });
});
