import type { TensorName } from "../../emitter.js";
import { reach } from "../../portable/reach.js";
import { type BlockedContext, blockedOp, roundUp, view } from "../context.js";
import { type OperandLayout, sizesOf, type WeightGradientProblem } from "./formulation.js";
import { inOrder, nest } from "./in-order.js";
import { groupsOf, type RowsPlan } from "./rows-plan.js";

/**
 * The weight gradient as a convolution of wide rows with dy itself as the filters:
 *
 *     dw[k, c, r, s] = Σ dy[n, k, y, x] · x[n, c, y + r, x + s]
 *
 * Blocked, dy is [N, K/b, H′, W′, b], and that is what the blocked convolution expects of filters [K, 1, H′, W′] of a
 * group n with one input channel. Where a group has fewer input channels than a block, it takes the image as a plain tensor:
 * here rows of pixels and their channels, [N, H, W·C], where the columns that a filter reaches are C apart. The result has
 * 3 rows of 3·C columns for a 3×3 kernel, so that the innermost loop accumulates full tiles, and nothing was transposed.
 *
 * The batch is split into groups whose results are added, which is more exact than one long sum; see {@link RowsPlan}.
 *
 * @returns [K, h·w, C/groups]; see {@link tapsLast}.
 */
export function emitRows(
  context: BlockedContext,
  problem: WeightGradientProblem,
  plan: RowsPlan,
  operands: { readonly x: TensorName; readonly xLayout: OperandLayout; readonly dy: TensorName },
): TensorName {
  const { emit, block } = context;
  const { n, groups, c, k, rows, columns, kernel } = sizesOf(problem);
  const { stride, dilation } = problem.params;
  const { strips, images, channels } = plan;
  const parts = groupsOf(sizesOf(problem), plan);
  const blocks = roundUp(context, k * groups) / block / groups;
  const image = imageOf(context, problem, plan, channelsLast(context, problem, operands.x, operands.xLayout));

  const stripRows = rows / strips;
  const order: number[] = [];
  nest([groups, n / (images * channels), strips, blocks, channels, stripRows, images], ([g, o, p, b, i, y, m]) => {
    const at = (o! * channels + i!) * images + m!;
    order.push(((at * groups + g!) * blocks + b!) * rows + p! * stripRows + y!);
  });
  const filters = view(context, inOrder(context, view(context, operands.dy, [order.length, columns * block]), order), [
    groups * parts * blocks * block,
    channels,
    stripRows * images,
    columns,
  ]);

  const reached = (kernel[1] - 1) * dilation[1] + 1;
  const partial = blockedOp(context, "Conv", [image.name, filters], {
    strides: [image.rowsApart, 1],
    dilations: [image.rowStep, stride[1] * c],
    pads: image.pads,
    group: groups * parts,
  });
  const summed =
    parts === 1
      ? partial
      : emit.op(
          "ReduceSum",
          [view(context, partial, [groups, parts, blocks * block * kernel[0] * reached * c]), emit.ints([1])],
          { keepdims: 0 },
        );
  let gradient = blockedOp(
    context,
    "ReorderOutput",
    [view(context, summed, [1, groups * blocks * block, kernel[0], reached * c])],
    { channels: groups * k },
  );
  if (dilation[1] > 1) {
    const [first, last, axis, step] = [0, reached, 2, dilation[1]].map((value) => emit.ints([value]));
    gradient = emit.op("Slice", [
      view(context, gradient, [groups * k, kernel[0], reached, c]),
      first!,
      last!,
      axis!,
      step!,
    ]);
  }
  return view(context, gradient, [groups * k, kernel[0] * kernel[1], c]);
}

/** A weight gradient [K, h·w, C/groups] as [K, C/groups, h, w]. */
export function tapsLast(context: BlockedContext, taps: TensorName, { params }: WeightGradientProblem): TensorName {
  return view(context, context.emit.op("Transpose", [taps], { perm: [0, 2, 1] }), params.weightShape);
}

/** x as [groups, N, H, W, C/groups]. */
function channelsLast(
  context: BlockedContext,
  { xShape, params: { groups } }: WeightGradientProblem,
  x: TensorName,
  layout: OperandLayout,
): TensorName {
  const { emit, block } = context;
  const [n, c, height, width] = xShape as [number, number, number, number];
  const pixels = height * width;
  if (layout === "plain") {
    const planes = view(context, x, groups > 1 ? [n, groups, c / groups, pixels] : [n, c, pixels]);
    return emit.op("Transpose", [planes], { perm: groups > 1 ? [1, 0, 3, 2] : [0, 2, 1] });
  }
  // With one block of channels they lie last already.
  const last = c === block ? x : blockedOp(context, "ReorderOutput", [x], { channels: c, channels_last: 1 });
  if (groups === 1) return last;
  return emit.op("Transpose", [view(context, last, [n * pixels, groups, c / groups])], { perm: [1, 0, 2] });
}

/** The image of the convolution, and how its rows are taken. */
interface Image {
  readonly name: TensorName;
  /** Rows between the outputs' rows. */
  readonly rowsApart: number;
  /** Rows between the rows of a filter. */
  readonly rowStep: number;
  readonly pads: readonly number[];
}

/**
 * Columns are padded in memory: what touches padding of a convolution is computed column by column. Rows need no memory
 * unless the image is cut into strips.
 */
function imageOf(
  context: BlockedContext,
  problem: WeightGradientProblem,
  { strips, images, channels }: RowsPlan,
  x: TensorName,
): Image {
  const { emit } = context;
  const { n, groups, c, height, width, rows, columns, kernel } = sizesOf(problem);
  const { stride, dilation, padding } = problem.params;
  const [top, left] = padding;
  const bottom = reach(0, rows, kernel[0], problem.params) - height - top;
  const right = reach(1, columns, kernel[1], problem.params) - width - left;
  const inTaps = images > 1 && stride[0] > 1;
  const whole = strips === 1 && !inTaps;

  const inMemory = whole ? [0, Math.min(bottom, 0)] : [top, Math.max(bottom, 0)];
  const size = [groups * n, height + inMemory[0]! + inMemory[1]!, (width + left + right) * c] as const;
  let padded = view(context, x, [groups * n, height, width * c]);
  if (inMemory.some((pad) => pad !== 0) || left !== 0 || right !== 0) {
    padded = emit.op("Pad", [padded, emit.ints([0, inMemory[0]!, left * c, 0, inMemory[1]!, right * c])]);
  }

  const stripRows = rows / strips;
  // The rows of a strip: those that it reaches, or, where neighbours would not be evenly spaced, those of each row of the kernel.
  const reached = whole ? size[1] : reach(0, stripRows, kernel[0], problem.params);
  const taken = inTaps
    ? Array.from({ length: kernel[0] * stripRows }, (_, i) => [Math.floor(i / stripRows), i % stripRows] as const).map(
        ([r, y]) => r * dilation[0] + y * stride[0],
      )
    : Array.from({ length: reached }, (_, row) => row);
  const order: number[] = [];
  nest([groups, n / (images * channels), strips, channels, taken.length, images], ([g, o, p, i, t, m]) => {
    const at = g! * n + (o! * channels + i!) * images + m!;
    order.push(at * size[1] + p! * stripRows * stride[0] + taken[t!]!);
  });
  const gathered = inOrder(context, view(context, padded, [size[0] * size[1], size[2]]), order, size[0] * size[1]);
  const parts = groupsOf(sizesOf(problem), { strips, images, channels });
  return {
    name: view(context, gathered, [1, groups * parts * channels, taken.length * images, size[2]]),
    rowsApart: inTaps ? stripRows * images : dilation[0] * images,
    rowStep: images > 1 ? 1 : stride[0],
    pads: whole ? [top * images, 0, Math.max(bottom, 0) * images, 0] : [0, 0, 0, 0],
  };
}
