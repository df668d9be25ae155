import { view } from "../../src/onnx/lower/blocked/context.js";
import { emitExchangedFilter, emitFilter } from "../../src/onnx/lower/blocked/filters.js";
import type { Kernel } from "./kernel.js";

/** The orders that filters of 512 → 512, 3×3 are brought to, and the same by `Transpose`. */
export function filterKernels(block: number): readonly Kernel[] {
  const wShape = [512, 512, 3, 3];
  const weights = { w: "w", wShape, groups: 1 };
  const backwards = [2, 1, 0];
  const tiles = [512 / block, block, 512 / block, block, 9];
  const inputs = { w: wShape };
  return [
    { name: "filter", inputs, build: (emit) => [emitFilter({ emit, block }, weights)] },
    {
      name: "filter and exchanged filter",
      inputs,
      build: (emit) => [
        emitFilter({ emit, block }, weights),
        emitExchangedFilter({ emit, block }, weights, backwards, backwards),
      ],
    },
    {
      name: "filter by Transpose",
      inputs,
      build: (emit) => [emit.op("Transpose", [view({ emit }, "w", tiles)], { perm: [0, 2, 4, 3, 1] })],
    },
    {
      name: "exchanged filter by Transpose, not turned around",
      inputs,
      build: (emit) => [emit.op("Transpose", [view({ emit }, "w", tiles)], { perm: [2, 0, 4, 1, 3] })],
    },
  ];
}
