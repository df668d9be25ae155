import type { ChannelGroups, WeightInvariance } from "../dynamics/index.js";

/** What of a weight is taken as one: a channel, a head (several channels) or all of it. */
export type GroupKind = "channel" | "head" | "tensor";

/** How the channels of a weight are taken together. */
export interface WeightGroups extends Required<ChannelGroups> {
  readonly kind: GroupKind;
  readonly groups: Int32Array;
  /** How many groups there are. */
  readonly count: number;
}

/**
 * What of a weight is scaled as one: its invariant groups, or the whole of it where only the whole, or the whole with
 * others, may be scaled. A weight that is not invariant is looked at channel by channel, a vector as a whole.
 */
export function groupsOf(found: Pick<WeightInvariance, "invariance" | "axis" | "groups" | "shape">): WeightGroups {
  const { invariance, axis, groups, shape } = found;
  const channels = shape[axis] ?? 1;
  if (invariance === "channel" || invariance === "head") {
    return { kind: invariance, axis, groups, count: 1 + groups.reduce((most, group) => Math.max(most, group), -1) };
  }
  if (invariance === "none" && shape.length > 1) {
    return eachChannel(axis, channels);
  }
  return wholeTensor(axis, channels);
}

/** Every channel on its own. */
export function eachChannel(axis: number, channels: number): WeightGroups {
  return { kind: "channel", axis, groups: Int32Array.from({ length: channels }, (_, i) => i), count: channels };
}

/** All channels together. */
export function wholeTensor(axis: number, channels: number): WeightGroups {
  return { kind: "tensor", axis, groups: new Int32Array(channels), count: 1 };
}
