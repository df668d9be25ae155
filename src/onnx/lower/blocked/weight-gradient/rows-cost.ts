import { reach } from "../../portable/reach.js";
import { convolutionCost, movingCost } from "./convolution-cost.js";
import { sizesOf, type WeightGradientProblem } from "./formulation.js";
import { groupsOf, type RowsPlan } from "./rows-plan.js";

/** Expected milliseconds of a plan on one thread. */
export function rowsCost(problem: WeightGradientProblem, plan: RowsPlan, block: number): number {
  const sizes = sizesOf(problem);
  const { n, groups, c, k, height, width, rows, columns, kernel } = sizes;
  const { stride, dilation, padding } = problem.params;
  const { strips, images, channels } = plan;
  const blocks = Math.ceil((k * groups) / block) / groups;
  const parts = groupsOf(sizes, plan);
  const reached = ((kernel[1] - 1) * dilation[1] + 1) * c;
  const stripRows = rows / strips;

  const convolution = convolutionCost(
    {
      groups: groups * parts,
      channels,
      blocks,
      steps: images * stripRows * columns,
      size: [kernel[0], reached],
      imageBytes: 4 * c * images * ((stripRows - 1) * stride[0] + 1) * reach(1, columns, kernel[1], problem.params),
    },
    block,
  );

  // What is moved before and after: see the emission, in its order.
  const xBytes = 4 * n * groups * c * height * width;
  const dyBytes = 4 * n * groups * blocks * block * rows * columns;
  const resultBytes = 4 * groups * blocks * block * kernel[0] * reached;
  const channelsLast = c === block && groups === 1 ? 0 : 1;
  const pads = padding.some((size) => size > 0) ? 1 : 0;
  const halo = kernel[0] > 1 || stride[0] > 1 ? Math.max(kernel[0] / stride[0], 1) : 1;
  const gathersX = strips > 1 && (halo > 1 || stride[0] > 1 || channels > 1) ? halo : images > 1 ? 1 : 0;
  const gathersDy = groups > 1 || images > 1 || (blocks > 1 && (channels > 1 || strips > 1)) ? 1 : 0;
  const sums = parts > 1 ? 8 * parts : 0;
  return (
    convolution +
    movingCost(2 * xBytes * (channelsLast + pads + gathersX) + 2 * dyBytes * gathersDy + resultBytes * (sums + 6))
  );
}
