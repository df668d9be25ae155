import { assertArgument, expectation, ShapeError, sameShape, sizeOf } from "../core/index.js";
import type { WeightTensor } from "./trace.js";

/** Which elements of a weight have a norm of their own together. */
export interface ChannelGroups {
  /** The axis of the channels; 0 by default. */
  readonly axis?: number;
  /** The group of each channel, counted from 0; −1 leaves a channel out. Each channel is one of its own by default. */
  readonly groups?: ArrayLike<number>;
}

/**
 * ‖w‖₂ of each group of channels, summed in float64.
 *
 * @throws ShapeError if the tensor has no such axis.
 * @throws InvalidArgumentError if the groups are not as many as the channels.
 */
export function groupNorms(weight: WeightTensor, groups: ChannelGroups = {}): Float64Array {
  const { count, each } = walkerOf("groupNorms", weight, groups);
  const squares = new Float64Array(count);
  each((group, i) => {
    squares[group]! += weight.data[i]! ** 2;
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
  each((group, i) => {
    squares[group]! += (after.data[i]! / normsAfter[group]! - before.data[i]! / normsBefore[group]!) ** 2;
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

/** Goes through the elements of a weight with the group of each. */
function walkerOf(where: string, { shape, data }: WeightTensor, { axis = 0, groups }: ChannelGroups) {
  const channels = shape[axis];
  if (channels === undefined) throw new ShapeError(expectation(where, `a tensor with an axis ${axis}`, `[${shape}]`));
  const fits = groups === undefined || groups.length === channels;
  assertArgument(fits, where, `a group for each of the ${channels} channels`, groups?.length);
  const inner = sizeOf(shape.slice(axis + 1));
  let count = groups === undefined ? channels : 0;
  for (let i = 0; i < (groups?.length ?? 0); i++) count = Math.max(count, groups![i]! + 1);
  return {
    count,
    each(visit: (group: number, element: number) => void): void {
      for (let from = 0, channel = 0; from < data.length; from += inner, channel = (channel + 1) % channels) {
        const group = groups?.[channel] ?? channel;
        if (group >= 0) for (let i = from; i < from + inner; i++) visit(group, i);
      }
    },
  };
}
