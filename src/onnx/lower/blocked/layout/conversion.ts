import type { Shape } from "../../../../core/index.js";
import type { TensorName } from "../../emitter.js";
import { type BlockedContext, view } from "../context.js";
import { emitToBlocked, emitToPlain } from "../reorder.js";
import { passes } from "./costs.js";
import type { Layout } from "./implementation.js";

/** Expected milliseconds of a conversion of a float32 tensor [N, C, H, W]. */
export function conversionCost(shape: Shape, from: Layout, to: Layout): number {
  if (from === to) return 0;
  // ONNX Runtime transposes on one thread, element by element; reorderings are parallel.
  const transposition = from === "batchLast" || to === "batchLast" ? passes(8, shape) : 0;
  const reordering = from === "blocked" || to === "blocked" ? passes(3, shape) : 0;
  return transposition + reordering;
}

/** Emits a conversion of a float32 tensor [N, C, H, W]. */
export function convert(
  context: BlockedContext,
  tensor: TensorName,
  shape: Shape,
  from: Layout,
  to: Layout,
): TensorName {
  if (from === to) return tensor;
  if (from === "blocked") return convert(context, emitToPlain(context, tensor, shape), shape, "plain", to);
  const [n, c, height, width] = shape as [number, number, number, number];
  if (from === "batchLast") {
    return convert(context, exchanged(context, tensor, c * height * width, n, shape), shape, "plain", to);
  }
  if (to === "blocked") return emitToBlocked(context, tensor, shape);
  return exchanged(context, tensor, n, c * height * width, [c, height, width, n]);
}

/** A matrix of so many rows and columns, the other way round. */
function exchanged(context: BlockedContext, x: TensorName, rows: number, columns: number, shape: Shape): TensorName {
  const matrix = view(context, x, [rows, columns]);
  return view(context, context.emit.op("Transpose", [matrix], { perm: [1, 0] }), shape);
}
