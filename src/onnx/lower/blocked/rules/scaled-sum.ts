import { type Shape, sizeOf } from "../../../../core/index.js";
import type { Value } from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import { view } from "../context.js";
import { emitDepthwise } from "../convolution.js";
import { passes } from "../layout/costs.js";
import type { EmitContext, Implementation } from "../layout/implementation.js";

/** The implementation of `scaledSum`, on tensors of any rank. */
export const scaledSumImplementation = ({ shape }: Value): Implementation => ({
  layout: "plain",
  operands: ["plain", "plain", "plain"],
  cost: passes(3, shape),
  emit: emitScaledSum,
});

/**
 * One pass, as a depthwise convolution of a vector seen as an image of b channels: the factor is the kernel, what is added the
 * convolution's `Sum`. An update with momentum of 2.4 million weights takes 1.7 ms on one thread and 1.3 on two, instead of 3.0
 * and 1.6 by `Mul` and `Add`.
 */
function emitScaledSum(context: EmitContext): TensorName {
  const { emit, block, inputs, output } = context;
  const [x, factor, y] = inputs as [TensorName, TensorName, TensorName];
  const size = sizeOf(output.shape);
  if (size % block !== 0) return emit.op("Add", [emit.op("Mul", [x, factor]), y]);
  const image: Shape = [1, block, ...rowsAndColumns(size / block)];
  const vector = emit.op("Expand", [view(context, factor, [1]), emit.ints([block])]);
  const sum = emitDepthwise(context, {
    x: view(context, x, image),
    filter: view(context, vector, [block, 1, 1, 1]),
    group: block,
    added: view(context, y, image),
  });
  return view(context, sum, output.shape);
}

/** Rows for the threads to share, long enough that none of them is a matter of its own. */
function rowsAndColumns(pixels: number): [number, number] {
  let rows = Math.min(64, pixels);
  while (pixels % rows !== 0) rows--;
  return [rows, pixels / rows];
}
