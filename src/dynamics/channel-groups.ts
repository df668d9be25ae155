import { assertArgument, expectation, type Shape, ShapeError, sameShape, sizeOf } from "../core/index.js";
import type { WeightTensor } from "./trace.js";

/** Which elements of a weight have a norm of their own together. */
export interface ChannelGroups {
  /** The axis of the channels; 0 by default. */
  readonly axis?: number;
  /** The group of each channel, counted from 0; −1 leaves a channel out. Each channel is one of its own by default. */
  readonly groups?: ArrayLike<number>;
}

/** Calls `visit` with each run of elements that lie side by side in one channel along an axis. A scalar is one channel. */
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

/**
 * ‖w‖₂ of each group of channels, summed in float64; 0 for a group without channels.
 *
 * @throws ShapeError if the tensor has no such axis. A scalar is one channel.
 * @throws InvalidArgumentError if the groups are not as many as the channels.
 */
export function groupNorms(weight: WeightTensor, groups: ChannelGroups = {}): Float64Array {
  const { count, each } = walkerOf("groupNorms", weight, groups);
  const squares = new Float64Array(count);
  each((group, from, to) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += weight.data[i]! * weight.data[i]!;
    squares[group]! += sum;
  });
  return squares.map(Math.sqrt);
}

/**
 * ‖ŵ′ − ŵ‖² of each group of channels, ŵ being its direction; summed in float64. NaN for a group whose norm is 0 in either.
 *
 * @throws ShapeError if the shapes differ or have no such axis.
 */
export function groupSquaredChords(
  before: WeightTensor,
  after: WeightTensor,
  groups: ChannelGroups = {},
): Float64Array {
  if (!sameShape(before.shape, after.shape)) {
    throw new ShapeError(expectation("groupSquaredChords", `tensors of one shape ([${before.shape}])`, after.shape));
  }
  const [normsBefore, normsAfter] = [groupNorms(before, groups), groupNorms(after, groups)];
  const { count, each } = walkerOf("groupSquaredChords", before, groups);
  const squares = new Float64Array(count);
  each((group, from, to) => {
    const [normBefore, normAfter] = [normsBefore[group]!, normsAfter[group]!];
    let sum = 0;
    for (let i = from; i < to; i++) sum += (after.data[i]! / normAfter - before.data[i]! / normBefore) ** 2;
    squares[group]! += sum;
  });
  return squares;
}

/** How many weights the largest group has. */
export function groupSize(shape: readonly number[], { axis = 0, groups }: ChannelGroups = {}): number {
  const channels = shape[axis] ?? 1;
  const counts = new Map<number, number>();
  for (let channel = 0; channel < channels; channel++) {
    const group = groups?.[channel] ?? channel;
    if (group >= 0) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return (Math.max(0, ...counts.values()) * sizeOf(shape)) / Math.max(1, channels);
}

/** Goes through the runs of elements of a weight with the group of each. */
function walkerOf(where: string, { shape }: WeightTensor, { axis = 0, groups }: ChannelGroups) {
  const channels = shape.length === 0 ? 1 : shape[axis];
  if (channels === undefined) throw new ShapeError(expectation(where, `a tensor with an axis ${axis}`, `[${shape}]`));
  const fits = groups === undefined || groups.length === channels;
  assertArgument(fits, where, `a group for each of the ${channels} channels`, groups?.length);
  let count = groups === undefined ? channels : 0;
  for (let i = 0; i < (groups?.length ?? 0); i++) count = Math.max(count, groups![i]! + 1);
  return {
    count,
    each(visit: (group: number, from: number, to: number) => void): void {
      forEachRun(shape, axis, (channel, from, to) => {
        const group = groups?.[channel] ?? channel;
        if (group >= 0) visit(group, from, to);
      });
    },
  };
}
