import type { Shape } from "../../../../core/index.js";
import type { Emitter, TensorName } from "../../emitter.js";
import { blockedOp, roundUp } from "../context.js";
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
  emit: Emitter,
  block: number,
  tensor: TensorName,
  shape: Shape,
  from: Layout,
  to: Layout,
): TensorName {
  if (from === to) return tensor;
  if (from !== "plain") return convert(emit, block, toPlain(emit, block, tensor, shape, from), shape, "plain", to);
  return to === "blocked" ? toBlocked(emit, block, tensor, shape) : toBatchLast(emit, tensor, shape);
}

function toPlain(emit: Emitter, block: number, tensor: TensorName, shape: Shape, from: Layout): TensorName {
  if (from === "blocked") {
    return blockedOp({ emit, block }, "ReorderOutput", [tensor], { channels: shape[1]! });
  }
  const [n, c, height, width] = shape as [number, number, number, number];
  const matrix = emit.op("Reshape", [tensor, emit.ints([c * height * width, n])]);
  return emit.op("Reshape", [emit.op("Transpose", [matrix], { perm: [1, 0] }), emit.ints(shape)]);
}

function toBatchLast(emit: Emitter, tensor: TensorName, shape: Shape): TensorName {
  const [n, c, height, width] = shape as [number, number, number, number];
  const matrix = emit.op("Reshape", [tensor, emit.ints([n, c * height * width])]);
  return emit.op("Reshape", [emit.op("Transpose", [matrix], { perm: [1, 0] }), emit.ints([c, height, width, n])]);
}

function toBlocked(emit: Emitter, block: number, tensor: TensorName, shape: Shape): TensorName {
  const surplus = roundUp({ emit, block }, shape[1]!) - shape[1]!;
  const padded = surplus === 0 ? tensor : emit.op("Pad", [tensor, emit.ints([0, 0, 0, 0, 0, surplus, 0, 0])]);
  return blockedOp({ emit, block }, "ReorderInput", [padded]);
}
