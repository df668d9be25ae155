import { afterAll, describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../src/core/index.js";
import type { Precision } from "../../src/graph/index.js";
import { conv2d, sequential } from "../../src/nn/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { expectAllClose } from "../support/compare.js";
import { type BuiltLayer, buildLayer, gradientsOf, outputOf, relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import {
  half,
  inFloat64,
  layerProgram,
  type MetricRow,
  runOn,
  type WeightNormRow,
  weightPairs,
} from "./table/index.js";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

function build(row: WeightNormRow, { metric }: MetricRow, storage: Precision["storage"]): BuiltLayer {
  const x = normal("convolved", [2, 2, 4, 4]);
  const layer = sequential(conv2d(3, { weightNorm: row.make(metric) }));
  const precision = { storage, normAccumulator: "fp32" } as const;
  return buildLayer(layer, tensor(x.data.map(half), x.shape), { precision });
}

describe.each(weightPairs)("%s", (_name, row, metric) => {
  it("is the same in ONNX Runtime, with its gradients, also for a channel of zeros", async () => {
    const built = build(row, metric, "float32");
    const program = layerProgram(built);
    const name = `0.${row.stored}`;
    const { data, shape } = built.feeds[name]! as Tensor<"float32">;
    const withZeros = { ...built.feeds, [name]: tensor(data.slice().fill(0, 18, 36), shape) };
    const [results, resultsWithZeros] = await runOn(runtime, program, built.feeds, withZeros);
    expectAllClose(results!, inFloat64(program, built.feeds), { relative: 3e-6 });
    expectAllClose(resultsWithZeros!, inFloat64(program, withZeros), { relative: 3e-6 });
  });

  it("is near float32 with float16 storage, with its gradients", () => {
    const [stored, full] = [build(row, metric, "float16"), build(row, metric, "float32")];
    expect(relativeDistance(outputOf(stored, stored.feeds), outputOf(full, full.feeds))).toBeLessThan(2e-3);
    const names = ["x", ...full.scope.parameters.map(({ name }) => name)];
    const [slopes, exact] = [stored, full].map((built) => gradientsOf(built, built.feeds, names)) as number[][][];
    for (const [i, name] of names.entries()) {
      expect(relativeDistance(slopes![i]!, exact![i]!), name).toBeLessThan(5e-3);
    }
  });
});
