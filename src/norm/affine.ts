import { assertArgument, type Shape, sizeOf } from "../core/index.js";
import { add, mul, reshape, type Scope, type Value } from "../graph/index.js";
import type { Accumulation } from "./accumulate.js";
import type { ActivationNormOptions } from "./standardize.js";

/** The learned gain γ and shift β of a normalization, in a shape that broadcasts. */
export interface Affine {
  readonly gain?: Value;
  readonly shift?: Value;
}

/**
 * Declares `weight` (γ) and, with centring, `bias` (β), unless the affine part is switched off.
 * @param shape Of the parameters.
 * @param broadcast The shape in which they are used.
 */
export function affineParameters(
  scope: Scope,
  { affine = true, centre = true, initialGain = 1 }: ActivationNormOptions,
  shape: Shape,
  broadcast: Shape = shape,
): Affine {
  if (!affine) return {};
  const gain = reshape(scope.parameter("weight", shape, filled(initialGain), "gain"), broadcast);
  if (!centre) return { gain };
  return { gain, shift: reshape(scope.parameter("bias", shape, filled(0), "shift"), broadcast) };
}

/** γ x + β, each where it is there. */
export function applyAffine(x: Value, { gain, shift }: Affine, { spread }: Accumulation): Value {
  const scaled = gain ? mul(x, spread(gain, x.shape)) : x;
  return shift ? add(scaled, spread(shift, x.shape)) : scaled;
}

/** Throws an InvalidArgumentError for options that no normalization of activations can have. */
export function checkActivationNorm(where: string, { epsilon = 1e-5, initialGain = 1 }: ActivationNormOptions): void {
  assertArgument(epsilon > 0, where, "epsilon > 0", epsilon);
  assertArgument(Number.isFinite(initialGain), where, "a finite initial gain", initialGain);
}

const filled =
  (value: number) =>
  (shape: Shape): Float32Array =>
    new Float32Array(sizeOf(shape)).fill(value);
