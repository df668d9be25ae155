import { type Sizes, sizesOf, type WeightGradientProblem } from "./formulation.js";
import { rowsCost } from "./rows-cost.js";

/**
 * How the images and rows of a batch are divided. N · `strips` pieces (a strip of the rows of an image) are summed in
 * three stages: `images` of them in registers, `channels` of those in the result's memory, the rest by a `ReduceSum`.
 */
export interface RowsPlan {
  /** Strips that the rows of dy are cut into. */
  readonly strips: number;
  /** Images whose rows alternate in the kernel's height. */
  readonly images: number;
  /** Input channels of a group of the convolution, each such a set of images. */
  readonly channels: number;
}

/** Groups of the convolution for one group of the problem. */
export const groupsOf = ({ n }: Sizes, { strips, images, channels }: RowsPlan): number =>
  (n / (images * channels)) * strips;

/** The cheapest plan that ONNX Runtime accepts, with its expected milliseconds. */
export function planRows(problem: WeightGradientProblem, block: number): { plan: RowsPlan; cost: number } | undefined {
  const sizes = sizesOf(problem);
  if (sizes.groups > 1 && sizes.k % block !== 0) return undefined;
  let best: { plan: RowsPlan; cost: number } | undefined;
  for (const strips of divisors(sizes.rows)) {
    for (const images of divisors(sizes.n)) {
      // Fewer input channels than a block: only then is the image a plain tensor.
      for (const channels of divisors(sizes.n / images).filter((count) => count < block)) {
        const plan = { strips, images, channels };
        const all = sizes.groups * groupsOf(sizes, plan) * channels;
        if (all >= block && all % block !== 0) continue;
        const cost = rowsCost(problem, plan, block);
        if (!best || cost < best.cost) best = { plan, cost };
      }
    }
  }
  return best;
}

const divisors = (size: number): number[] =>
  Array.from({ length: size }, (_, i) => i + 1).filter((divisor) => size % divisor === 0);
