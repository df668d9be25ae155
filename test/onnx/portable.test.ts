import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromBfloat16Bits, fromFloat16Bits, type Tensor } from "../../src/core/index.js";
import type { Runtime } from "../../src/graph/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { allPrimitiveCases, buildCase } from "../support/primitive-cases.js";

const reference = referenceRuntime();
let runtime: Runtime;
beforeAll(() => {
  runtime = nodeRuntime({ threads: 2 });
});
afterAll(() => runtime.close());

/** The elements as numbers; halves are stored as bits. */
function decoded({ dtype, data }: Tensor): number[] {
  const decode = dtype === "float16" ? fromFloat16Bits : dtype === "bfloat16" ? fromBfloat16Bits : Number;
  return Array.from(data as ArrayLike<number>, decode);
}

/**
 * Largest |a − b| relative to the largest |b|: a float32 sum is wrong in proportion to its summands, not to itself, so
 * an element-by-element ratio would blame cancellation on the lowering.
 */
function distance(a: readonly number[], b: readonly number[]): number {
  const scale = Math.max(...b.map(Math.abs).filter(Number.isFinite), 1e-30);
  return Math.max(...a.map((value, i) => (Object.is(value, b[i]) || value === b[i] ? 0 : Math.abs(value - b[i]!) / scale)), 0);
}

describe("every primitive, lowered to standard operators, against the float64 reference", () => {
  it.each(allPrimitiveCases)("%s", async (_name, { inputs, build }) => {
    const { graph, output } = buildCase({ inputs, build });
    const program = { graph, outputs: { output } };
    const [ours, truth] = await Promise.all(
      [runtime, reference].map(async (engine) => (await engine.load(program)).run(inputs)),
    );
    expect(ours!.output!.shape).toEqual(truth!.output!.shape);
    expect(ours!.output!.dtype).toBe(output.dtype);
    // float32 rounds to 6e-8; the longest sums here have a few hundred summands of random sign, whose errors grow with
    // the root of their number (and the largest exponentials are evaluated to about 3 units in the last place).
    expect(distance(decoded(ours!.output!), decoded(truth!.output!))).toBeLessThanOrEqual(2e-6);
  });
});
