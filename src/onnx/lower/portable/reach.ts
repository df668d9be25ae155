import type { Window2d } from "../../../graph/index.js";

/** How far windows of a kernel reach along an axis, counted from the start of the padded input. */
export function reach(axis: number, windows: number, kernel: number, { stride, dilation }: Window2d): number {
  return (windows - 1) * stride[axis]! + (kernel - 1) * dilation[axis]! + 1;
}
