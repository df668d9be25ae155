import type { Tensor } from "../core/index.js";
import {
  asin,
  concat,
  div,
  maximum,
  minimum,
  mul,
  type Parameter,
  reduceSum,
  reshape,
  sqrt,
  square,
  sub,
  type Value,
} from "../graph/index.js";
import type { ChannelValues } from "../optim/index.js";

/** Keeps directions of all-zero channels finite; far below any norm that float32 training meets. */
const smallestNorm = 1e-30;

/** The scale-invariant weights, whose norms are measured. */
export function trackedParameters(parameters: readonly Parameter[]): Parameter[] {
  return parameters.filter((parameter) => parameter.scaleInvariance !== "none");
}

/** Channels of a scale-invariant weight: groups with a norm of their own. */
export function channelsOf({ scaleInvariance, value }: Parameter): number {
  return scaleInvariance === "channel" ? value.shape[0]! : 1;
}

/** The 2-norm of each channel, with the reduced axes kept: [C, 1, …]. */
export function channelNorms(weight: Value, { scaleInvariance }: Parameter): Value {
  const axes = weight.shape.flatMap((_, axis) => (axis === 0 && scaleInvariance === "channel" ? [] : [axis]));
  return sqrt(reduceSum(square(weight), axes));
}

/**
 * The angle in radians between a weight and its successor, per channel: 2·asin of half the chord between the unit
 * vectors. The arc cosine of their product would be 10% wrong at 7e-4 rad in float32.
 */
export function channelRotations(
  weight: Value,
  norms: Value,
  next: Value,
  nextNorms: Value,
  parameter: Parameter,
): Value {
  const unit = div(weight, maximum(norms, smallestNorm));
  const nextUnit = div(next, maximum(nextNorms, smallestNorm));
  const halfChord = mul(channelNorms(sub(nextUnit, unit), parameter), 0.5);
  return mul(asin(minimum(halfChord, 1)), 2);
}

/** One vector of the channel values of all weights, in order. */
export const flat = (values: readonly Value[]): Value => concat(values.map((value) => reshape(value, [-1])));

/** Cuts a vector made by {@link flat} into the channels of each weight. */
export function unflatten(packed: Tensor, tracked: readonly Parameter[]): ChannelValues {
  const data = Float64Array.from(packed.data as Float32Array | Float64Array);
  let start = 0;
  return new Map(
    tracked.map((parameter) => {
      const end = start + channelsOf(parameter);
      const channels = data.subarray(start, end);
      start = end;
      return [parameter.name, channels];
    }),
  );
}
