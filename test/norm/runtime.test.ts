import { afterAll, describe, expect, it } from "vitest";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { expectAllClose } from "../support/compare.js";
import { normal } from "../support/random-tensors.js";
import { buildNorm, inFloat64, layerProgram, metricRows, normRows, pairs, runOn } from "./table/index.js";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

describe.each([
  ["training", true],
  ["evaluation", false],
])("ONNX Runtime agrees with float64 in output, gradients and running statistics: %s", (_mode, training) => {
  it.each(pairs)("%s", async (_name, norm, metric) => {
    const built = buildNorm(norm, metric, {}, { training });
    const program = layerProgram(built);
    const [results] = await runOn(runtime, program, built.feeds);
    expect(Object.keys(results!)).toEqual(Object.keys(program.outputs));
    expectAllClose(results!, inFloat64(program, built.feeds), { relative: 3e-6 });
  });
});

describe("and of many values", () => {
  const norm = { ...normRows.find(({ name }) => name === "batchNorm [N, C, H, W]")!, shape: [16, 3, 32, 32] };

  it.each(metricRows.map((metric) => [metric.name, metric] as const))("%s", async (_name, metric) => {
    const built = buildNorm(norm, metric, {}, {}, normal("many", norm.shape, 5));
    const program = layerProgram(built);
    const [results] = await runOn(runtime, program, built.feeds);
    expectAllClose(results!, inFloat64(program, built.feeds), { relative: 1e-5 });
  });
});
