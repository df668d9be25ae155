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

/** Keeps rotations of all-zero channels finite; far below any squared norm that float32 training meets. */
const smallestSquare = 1e-36;

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
 * The angle in radians between a weight w and its successor w′, per channel: 2·asin of half the chord ‖ŵ′ − ŵ‖ between
 * the unit vectors. The arc cosine of their product would be 10% wrong at 7e-4 rad in float32.
 *
 * The chord follows from three norms, ‖ŵ′ − ŵ‖² = (‖w′ − w‖² − (‖w′‖ − ‖w‖)²) / (‖w‖ ‖w′‖), so that no unit vector is
 * made: measuring costs three passes over a weight.
 */
export function channelRotations(moved: Value, norms: Value, nextNorms: Value): Value {
  const tangential = sub(square(moved), square(sub(nextNorms, norms)));
  const squaredChord = div(maximum(tangential, 0), maximum(mul(norms, nextNorms), smallestSquare));
  return mul(asin(minimum(mul(sqrt(squaredChord), 0.5), 1)), 2);
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
