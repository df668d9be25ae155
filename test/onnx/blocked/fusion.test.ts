import { describe, expect, it } from "vitest";
import { numbersOf, type Shape } from "../../../src/core/index.js";
import type { Program, Tensors } from "../../../src/graph/index.js";
import { simplify } from "../../../src/onnx/index.js";
import { expandFused } from "../../../src/onnx/lower/blocked/fusion/expand.js";
import { fuse } from "../../../src/onnx/lower/blocked/fusion/fuse.js";
import { evaluate } from "../../../src/reference/index.js";
import { expectClose } from "../../support/compare.js";
import { imageProgram } from "../../support/image-programs.js";

/** As the blocked lowering prepares a program. */
const fused = (program: Program): Program => simplify(fuse(simplify(program)));

function expectSame(program: Program, feeds: Tensors): void {
  const expanded = expandFused(fused(program));
  const results = ({ outputs, updates }: Program) => Object.entries({ ...outputs, ...updates });
  const expected = evaluate(
    results(program).map(([, value]) => value),
    feeds,
  );
  const found = evaluate(
    results(expanded).map(([, value]) => value),
    feeds,
  );
  for (const [at, [name]] of results(program).entries()) {
    const size = Math.max(1, ...numbersOf(expected[at]!).map(Math.abs));
    expectClose(found[at]!, expected[at]!, { absolute: 1e-9 * size }, name);
  }
}

describe("fusion of random programs", () => {
  const shapes: readonly Shape[] = [
    [4, 3, 2, 4],
    [2, 4, 4, 2],
    [4, 4, 4, 4],
    [1, 3, 4, 4],
    [1, 8, 2, 1],
    [4, 3, 1, 1],
    [2, 1, 2, 2],
    [3, 2, 1, 3],
    [1, 1, 2, 2],
    [2, 1, 1, 1],
    [1, 4, 1, 1],
  ];
  it.each(shapes.map((shape) => [String(shape), shape] as const))("[%s]", (_, shape) => {
    const failures: string[] = [];
    for (let seed = 0; seed < 200; seed++) {
      const { program, feeds } = imageProgram(seed, { shape, bits: 44 });
      try {
        expectSame(program, feeds);
      } catch (error) {
        failures.push(`seed ${seed}: ${error}`);
      }
    }
    expect(failures.slice(0, 4).concat(failures.length > 4 ? [`${failures.length} in all`] : [])).toEqual([]);
  });
});
