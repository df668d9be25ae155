import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.js";
import { Graph, gradients, mul, Scope, total, type Value } from "../../src/graph/index.js";
import { type ResidualOptions, resnetCifar } from "../../src/models/index.js";
import { meanOnlyBatchNorm } from "../../src/norm/index.js";
import { evaluate } from "../../src/reference/index.js";
import { initialState } from "../../src/train/index.js";
import { normal } from "../support/random-tensors.js";

/** An untrained network of 3 · `blocks` blocks; `sizesOf` gives the root mean squares of its values. */
function untrained(blocks: number, options: ResidualOptions) {
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  const network = resnetCifar({ depth: 6 * blocks + 2, width: 1 / 4, ...options });
  const logits = network.apply(graph.input("images", [2, 3, 32, 32]), scope);
  const feeds: Record<string, Tensor> = {
    images: normal("untrained", [2, 3, 32, 32]),
    ...initialState({ parameters: scope.parameters, buffers: scope.buffers, slots: [] }, 1),
  };
  const sizesOf = (values: readonly Value[]): number[] =>
    evaluate(values, feeds).map(({ data }) =>
      Math.sqrt(Array.from(data, Number).reduce((s, x) => s + x * x, 0) / data.length),
    );
  return { scope, logits, sizesOf };
}

/** By how much values grow, as a root mean square, from one block of a stage to its last. */
function growth(blocks: number, options: ResidualOptions): number {
  const { scope, sizesOf } = untrained(blocks, options);
  const at = (layer: string): Value => scope.outputs.find((output) => output.layer === layer)!.value;
  const [first, last] = sizesOf([at("layer1.0"), at(`layer1.${blocks - 1}`)]);
  return last! / first!;
}

const without = { norm: "none" } as const;

describe("the branches of a residual network without normalizations", () => {
  it.each([10, 18])("double the variance with each of %d blocks where they have no factor", (blocks) => {
    const doubling = 2 ** ((blocks - 1) / 2);
    const grown = growth(blocks, { ...without, branchScale: "none" });
    expect(grown).toBeGreaterThan(doubling / 1.5);
    expect(grown).toBeLessThan(doubling * 1.5);
  });

  it("still multiply it with each block if the mean alone is taken out", () => {
    const grown = growth(18, { norm: () => meanOnlyBatchNorm(), branchScale: "none" });
    expect(grown).toBeGreaterThan(1.4 ** (17 / 2));
    expect(grown).toBeLessThan(2 ** (17 / 2));
  });

  it("leave the variance alone with the default factor, bounded with 1/√blocks; batch-norm's grow by 1 a block", () => {
    expect(growth(18, without)).toBe(1);
    expect(growth(18, { norm: () => meanOnlyBatchNorm() })).toBe(1);
    expect(growth(18, { ...without, branchScale: 1 / Math.sqrt(54) })).toBeLessThan(Math.sqrt(Math.E));
    expect(growth(18, {})).toBeLessThan(Math.sqrt(18));
    expect(growth(18, {})).toBeGreaterThan(Math.sqrt(18) / 1.5);
  });

  it.each([
    [0, false],
    [0.3, true],
  ])("have gradients in the first step but for factors of 0: with %d, %s", (branchScale, moved) => {
    const { scope, logits, sizesOf } = untrained(2, { ...without, branchScale });
    const inside = scope.parameters.filter(({ name }) => /^layer.*conv..weight$/.test(name));
    const factors = scope.parameters.filter(({ name }) => name.endsWith(".branch_scale"));
    expect([inside.length, factors.length]).toEqual([12, 6]);
    const cotangent = scope.graph.constant(normal("residual cotangent", logits.shape));
    const slopes = gradients(
      total(mul(logits, cotangent)),
      [...inside, ...factors].map(({ value }) => value),
    ) as Value[];
    const sizes = sizesOf(slopes);
    for (const size of sizes.slice(0, inside.length)) expect(size > 0).toBe(moved);
    for (const size of sizes.slice(inside.length)) expect(size).toBeGreaterThan(1e-3);
  });
});
