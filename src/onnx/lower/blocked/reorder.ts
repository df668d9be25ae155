import type { Shape } from "../../../core/index.js";
import type { TensorName } from "../emitter.js";
import { type BlockedContext, blockedOp, blockedShape } from "./context.js";

/** A row-major tensor [N, C, H, W], blocked. `ReorderInput` fills surplus channels with zeros, but wants four at a time. */
export function emitToBlocked(context: BlockedContext, x: TensorName, [, c]: Shape): TensorName {
  return blockedOp(context, "ReorderInput", [padded(context, x, 1, c!, Math.ceil(c! / 4) * 4)]);
}

/** A blocked tensor, row-major [N, C, H, W]. */
export const emitToPlain = (context: BlockedContext, x: TensorName, [, c]: Shape): TensorName =>
  blockedOp(context, "ReorderOutput", [x], { channels: c! });

/** Zeros behind what there is along an axis of four, up to a size. */
export function padded({ emit }: BlockedContext, x: TensorName, axis: number, from: number, to: number): TensorName {
  if (from === to) return x;
  const pads = new Array<number>(8).fill(0).with(4 + axis, to - from);
  return emit.op("Pad", [x, emit.ints(pads), emit.scalar(0, "float32")]);
}

/** A vector with an element per channel, with zeros for surplus ones. */
export function emitPerChannel(context: BlockedContext, x: TensorName, channels: number): TensorName {
  const rounded = blockedShape(context, [1, channels, 1, 1])[1];
  if (rounded === channels) return x;
  const { emit } = context;
  return emit.op("Pad", [x, emit.ints([0, rounded - channels]), emit.scalar(0, "float32")]);
}
