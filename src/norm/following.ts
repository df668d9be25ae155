import { add, type Buffer, mul, type Scope, square, sub, type Value } from "../graph/index.js";

/** What multiplies the ε of a normalization of x: something where x is proportional to a weight whose norm is followed. */
export function followedEpsilon(scope: Scope, x: Value): Value | undefined {
  return scope.proportionOf(x) && scope.options.following?.epsilonScale;
}

/**
 * What a running statistic becomes when the weight that it is proportional to is scaled by c: (kept − b)·cᵖ + b, b being
 * the bias that was added behind the weight, which a scaling of the weight leaves as it is.
 *
 * @param scale c, of a shape that broadcasts to the statistic's.
 * @param parameter Gives the parameter of a name, in a shape that broadcasts likewise.
 */
export function scaleProportional(
  kept: Value,
  scale: Value,
  { power, offset }: NonNullable<Buffer["follows"]>,
  parameter: (name: string) => Value,
): Value {
  const factor = power === 2 ? square(scale) : scale;
  if (offset === undefined) return mul(kept, factor);
  const bias = parameter(offset);
  return add(mul(sub(kept, bias), factor), bias);
}
