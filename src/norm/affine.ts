import { assertArgument, type Shape, sizeOf } from "../core/index.js";
import { add, mul, type Role, reshape, type Scope, type Value } from "../graph/index.js";
import type { Accumulation } from "./accumulate.js";
import type { ActivationNormOptions } from "./standardize.js";

/** The learned gain γ and shift β of a normalization, in a shape that broadcasts. */
export interface Affine {
  readonly gain?: Value;
  readonly shift?: Value;
}

/**
 * Declares `weight` (γ), unless there is to be no gain, and `bias` (β), where the mean is subtracted; nothing if the
 * affine part is switched off.
 * @param shape Of the parameters.
 * @param broadcast The shape in which they are used, of the rank of what they are applied to.
 */
export function affineParameters(
  scope: Scope,
  options: Pick<ActivationNormOptions, "affine" | "centre" | "initialGain"> & { readonly gain?: boolean },
  shape: Shape,
  broadcast: Shape,
): Affine {
  const { affine = true, centre = true, initialGain = 1, gain = true } = options;
  const declare = (name: string, initial: number, role: Role): Value =>
    reshape(scope.parameter(name, shape, filled(initial), role), broadcast);
  return {
    ...(affine && gain ? { gain: declare("weight", initialGain, "gain") } : {}),
    ...(affine && centre ? { shift: declare("bias", 0, "shift") } : {}),
  };
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
