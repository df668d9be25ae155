import { reach } from "../../portable/reach.js";
import { sizesOf, type WeightGradientProblem } from "./formulation.js";
import { groupsOf, type RowsPlan } from "./rows-plan.js";

// A model of ONNX Runtime's blocked convolution on a processor with AVX-512, fitted to `npm run bench -- --tune`.

/** Cycles in a millisecond. */
const frequency = 4.7e6;
/** Output columns, and blocks of filters, that the kernel accumulates at once. */
const tile = { columns: 6, filters: 4 };
/** Bytes that come from the caches in a cycle, by the size of what a kernel goes over again and again. */
const streams: readonly (readonly [bytes: number, perCycle: number])[] = [
  [48 << 10, 64],
  [256 << 10, 24],
  [1 << 20, 11],
  [Number.POSITIVE_INFINITY, 6],
];
/** Bytes that a pass over memory reads or writes in a millisecond. */
const bandwidth = 17e6;

/** Expected milliseconds of a plan on one thread. */
export function rowsCost(problem: WeightGradientProblem, plan: RowsPlan, block: number): number {
  const sizes = sizesOf(problem);
  const { n, groups, c, k, rows, columns, kernel } = sizes;
  const { stride, dilation, padding } = problem.params;
  const calls = (n / plan.images) * plan.strips;
  const steps = plan.images * (rows / plan.strips) * columns;
  const blocks = Math.ceil(k / block);
  const width = ((kernel[1] - 1) * dilation[1] + 1) * c;

  const stripRows = (rows / plan.strips - 1) * stride[0] + 1;
  const imageBytes = 4 * plan.images * stripRows * reach(1, columns, kernel[1], problem.params) * c;
  let cycles = 0;
  for (const filters of inTiles(blocks, [tile.filters, 3, 2, 1])) {
    const [, perCycle] = streams.find(([bytes]) => bytes >= imageBytes + 4 * block * filters * steps)!;
    for (const outputs of inTiles(width, [tile.columns, 3, 2, 1])) {
      const arithmetic = Math.max((outputs * filters) / 2, (outputs + filters) / 2, 4);
      const loads = (4 * block * filters + 64) / perCycle;
      cycles += steps * (Math.max(arithmetic, loads) + 1) + 20 + 2 * outputs * filters;
    }
  }
  const conv = (groups * calls * kernel[0] * cycles) / frequency;

  const xBytes = 4 * n * groups * c * sizes.height * sizes.width;
  const dyBytes = 4 * n * groups * blocks * block * rows * columns;
  const result = 4 * groups * blocks * block * kernel[0] * width;
  const parts = groupsOf(sizes, plan);
  const gathersX =
    plan.strips > 1 && (kernel[0] > 1 || stride[0] > 1) ? kernel[0] / stride[0] : plan.images > 1 ? 1 : 0;
  const gathersDy = blocks * groups > 1 || plan.images > 1 ? 1 : 0;
  const pads = padding.some((size) => size > 0) ? 1 : 0;
  const moved =
    2 * (xBytes * (pads + gathersX + (c === block && groups === 1 ? 0 : 1)) + dyBytes * gathersDy) +
    result * (parts > 1 ? 3 * parts + 6 : 6);
  return conv + moved / bandwidth;
}

/** A length as as many of the largest tiles as fit, then of the next ones. */
function inTiles(length: number, tiles: readonly number[]): number[] {
  const parts: number[] = [];
  let rest = length;
  for (const size of tiles) for (; rest >= size; rest -= size) parts.push(size);
  return parts;
}
