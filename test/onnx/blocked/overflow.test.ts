import { describe, expect, it } from "vitest";
import { numbersOf, type Tensor, tensor } from "../../../src/core/index.js";
import { resnetCifar } from "../../../src/models/index.js";
import { batchNorm, l1, l2, lInf } from "../../../src/norm/index.js";
import { blocked, portable, toOnnx } from "../../../src/onnx/index.js";
import { lossScaleInput } from "../../../src/train/index.js";
import { machineBlock } from "../../support/blocked-layout.js";
import { runModel } from "../../support/run-model.js";
import { type Case, stepOf } from "../../support/training-steps.js";

const block = await machineBlock();

const half = { precision: { storage: "float16", normAccumulator: "fp32" } } as const;
const metrics = [l2(), l1(), lInf()];
const small = (metric: (typeof metrics)[number], more = {}): Case =>
  stepOf(resnetCifar({ depth: 8, norm: (place) => batchNorm({ metric, ...place }) }), 4, 8, 1, more);

/** What is finite of each result. */
async function finiteOf({ program, feeds, state }: Case, lowering: typeof portable): Promise<Record<string, string>> {
  const results = await runModel(toOnnx(program, { lowering }), { ...state, ...feeds });
  return Object.fromEntries(
    Object.entries(results).map(([name, found]) => {
      const finite = numbersOf(found as Tensor).filter(Number.isFinite).length;
      return [name, finite === found.data.length ? "finite" : "not finite"];
    }),
  );
}

describe("what overflows does so by both lowerings", () => {
  it.each(
    metrics.flatMap(
      (metric) =>
        [
          [`${metric.name}, a weight that is infinite`, () => withWeight(small(metric), Infinity)],
          [`${metric.name}, a weight that is NaN`, () => withWeight(small(metric), NaN)],
          [`${metric.name}, gradients`, () => withScale(small(metric, half), 1e30)],
        ] as const,
    ),
  )("%s", async (_, build) => {
    const step = build();
    const expected = await finiteOf(step, portable);
    expect(Object.values(expected)).toContain("not finite");
    expect(await finiteOf(step, blocked({ block }))).toEqual(expected);
  });
});

function withWeight(step: Case, value: number): Case {
  const name = "layer2.0.conv1.weight";
  const weight = step.state[name]!;
  const data = Float32Array.from(weight.data as Float32Array);
  data[7] = value;
  return { ...step, state: { ...step.state, [name]: tensor(data, weight.shape) } };
}

const withScale = (step: Case, scale: number): Case => ({
  ...step,
  feeds: { ...step.feeds, [lossScaleInput]: tensor([scale], []) },
});
