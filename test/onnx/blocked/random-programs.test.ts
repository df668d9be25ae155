import { describe, expect, it } from "vitest";
import { numbersOf, type Shape } from "../../../src/core/index.js";
import { blocked, type Lowering, toOnnx } from "../../../src/onnx/index.js";
import { evaluate } from "../../../src/reference/index.js";
import { machineBlock } from "../../support/blocked-layout.js";
import { expectClose } from "../../support/compare.js";
import { EmulatedBlocks } from "../../support/emulated-blocks.js";
import { imageProgram } from "../../support/image-programs.js";
import { runModel } from "../../support/run-model.js";
import { withoutPlan } from "../../support/without-plan.js";

/** The machine's block, and the other one, emulated. */
const own = await machineBlock();
const other = own === 8 ? 16 : 8;

/** Nothing rounds in these programs, but for factors like 1/3 that simplification and fusion make. */
const bound = 1e-6;

async function failuresOf(lowering: (seed: number) => Lowering, shape: Shape, seeds: number): Promise<string[]> {
  const failures: string[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const { program, feeds } = imageProgram(seed, { shape, bits: 20, steps: 24 });
    const expected = evaluate(Object.values(program.outputs), feeds);
    try {
      const found = await runModel(toOnnx(program, { lowering: lowering(seed) }), feeds);
      for (const [at, name] of Object.keys(program.outputs).entries()) {
        const size = Math.max(1, ...numbersOf(expected[at]!).map(Math.abs));
        expectClose(found[name]!, expected[at]!, { absolute: bound * size }, name);
      }
    } catch (error) {
      failures.push(`seed ${seed}: ${(error as Error).message}`);
    }
  }
  return failures.slice(0, 4).concat(failures.length > 4 ? [`${failures.length} in all`] : []);
}

const maps = [
  [4, 4],
  [2, 3],
  [8, 8],
  [1, 1],
  [5, 2],
] as const;
const shapes: readonly Shape[] = [1, 3, 5, 8, 12, 16, 17, 24, 32, 40].map((channels, at) => [
  [2, 3, 1, 4][at % 4]!,
  channels,
  ...maps[at % maps.length]!,
]);
const lowerings: Readonly<Record<string, (seed: number) => Lowering>> = {
  [`blocks of ${own}`]: () => blocked({ block: own }),
  [`blocks of ${own}, unplanned`]: (seed) => withoutPlan(own, seed),
  [`emulated blocks of ${other}`]: () => ({ ...blocked({ block: other }), emitter: () => new EmulatedBlocks(other) }),
  [`emulated blocks of ${other}, unplanned`]: (seed) => ({
    ...withoutPlan(other, seed),
    emitter: () => new EmulatedBlocks(other),
  }),
};
describe.each(Object.entries(lowerings))("random programs by %s", (_, lowering) => {
  it.each(shapes.map((shape) => [String(shape), shape] as const))("[%s]", async (_, shape) => {
    expect(await failuresOf(lowering, shape, 8)).toEqual([]);
  });
});
