import { expect, it } from "vitest";
import { randomStream, type Tensor } from "../../src/core/index.js";
import { rotations } from "../../src/dynamics/index.js";
import { Graph, type Parameter, type Program, type Runtime, sub } from "../../src/graph/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { channelNorms, channelRotations, flat } from "../../src/train/index.js";

const shape = [8, 6, 3, 3];

/** Weights, and the same turned by about `angle` radians, with a radial part as large. */
function turned(angle: number): { readonly before: Tensor<"float32">; readonly after: Tensor<"float32"> } {
  const random = randomStream(3, "turn");
  const size = 54;
  const before = Float32Array.from({ length: 8 * size }, () => random.normal());
  const after = before.map((value) => value * (1 + angle) + angle * random.normal());
  return { before: { dtype: "float32", shape, data: before }, after: { dtype: "float32", shape, data: after } };
}

function measuring(): Program {
  const graph = new Graph();
  const [before, after] = [graph.input("before", shape), graph.input("after", shape)];
  const parameter = { scaleInvariance: "channel", value: before } as Parameter;
  const norm = (value: typeof before) => channelNorms(value, parameter);
  return {
    graph,
    outputs: { rotations: flat([channelRotations(norm(sub(after, before)), norm(before), norm(after))]) },
  };
}

async function measured(runtime: Runtime, angle: number): Promise<Float64Array> {
  const session = await runtime.load(measuring());
  const result = await session.run(turned(angle));
  await session.close();
  return Float64Array.from(result.rotations!.data as Float32Array);
}

it.each([1e-4, 7e-4, 1e-2, 0.5])(
  "rotations by about %d rad, in float32, are those of the definition",
  async (angle) => {
    const { before, after } = turned(angle);
    const wanted = rotations(before, after); // from unit vectors, in float64
    const native = nodeRuntime({ threads: 1 });
    const [exact, single] = [await measured(referenceRuntime(), angle), await measured(native, angle)];
    await native.close();
    for (const [channel, value] of wanted.entries()) {
      expect(Math.abs(exact[channel]! / value - 1)).toBeLessThan(1e-9);
      // Norms are rounded at 6e-8 of the weight, which is 6e-4 of an angle of 1e-4 at most.
      expect(Math.abs(single[channel]! / value - 1)).toBeLessThan(1e-3);
    }
  },
);
