import { type Shape, sizeOf, type Tensor } from "../core/index.js";
import type { WeightInvariance } from "../dynamics/index.js";
import { convertTensor } from "../onnx/convert-tensor.js";

/** What of a weight is taken as one: a channel, a head (several channels) or all of it. */
export type GroupKind = "channel" | "head" | "tensor";

/** How the channels of a weight are taken together. */
export interface ChannelGroups {
  readonly kind: GroupKind;
  readonly axis: number;
  /** For each channel along the axis its group, counted from 0; −1 for one that is in none. */
  readonly groups: ArrayLike<number>;
  /** How many groups there are. */
  readonly count: number;
}

/**
 * What of a weight is scaled as one: its invariant groups, or the whole of it where only the whole, or the whole with
 * others, may be scaled. A weight that is not invariant is looked at channel by channel, a vector as a whole.
 */
export function groupsOf(found: Pick<WeightInvariance, "invariance" | "axis" | "groups" | "shape">): ChannelGroups {
  const { invariance, axis, groups, shape } = found;
  const channels = shape[axis] ?? 1;
  if (invariance === "channel" || invariance === "head") {
    return { kind: invariance, axis, groups, count: 1 + groups.reduce((most, group) => Math.max(most, group), -1) };
  }
  if (invariance === "none" && shape.length > 1) {
    return { kind: "channel", axis, groups: Int32Array.from({ length: channels }, (_, i) => i), count: channels };
  }
  return { kind: "tensor", axis, groups: new Int32Array(channels), count: 1 };
}

/** Calls `visit` with each run of elements that lie side by side in one channel along an axis. */
export function forEachRun(
  shape: Shape,
  axis: number,
  visit: (channel: number, from: number, to: number) => void,
): void {
  const channels = shape[axis] ?? 1;
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  for (let block = 0, from = 0; block < outer; block++) {
    for (let channel = 0; channel < channels; channel++, from += inner) visit(channel, from, from + inner);
  }
}

/** ‖w‖₂ of each group, summed in float64; 0 for a group without channels. */
export function groupNorms(weight: Tensor, { axis, groups, count }: ChannelGroups): Float64Array {
  const data = floatsOf(weight);
  const squares = new Float64Array(count);
  forEachRun(weight.shape, axis, (channel, from, to) => {
    const group = groups[channel]!;
    if (group < 0) return;
    let sum = 0;
    for (let i = from; i < to; i++) sum += data[i]! * data[i]!;
    squares[group]! += sum;
  });
  return squares.map(Math.sqrt);
}

/** A floating-point tensor's elements as numbers, whatever its width. */
export function floatsOf(tensor: Tensor): Float32Array | Float64Array {
  if (tensor.dtype === "float64") return tensor.data as Float64Array;
  return convertTensor(tensor, "float32").data as Float32Array;
}
