import { assertArgument } from "../core/index.js";
import type { TranslationState } from "./translator.js";

/** A scale-invariant weight and its momentum buffer, element by element. */
export interface WeightState {
  readonly weight: ArrayLike<number>;
  readonly momentum: ArrayLike<number>;
}

/**
 * The translated run's weight and momentum at the moment when the original's are these: v = w/q, m' = p(m − r w), with
 * the q, p and r of {@link TranslationState}. Exact for `sgd` and `sgdw`.
 *
 * @throws InvalidArgumentError if weight and momentum differ in length.
 */
export function translateState(
  { weight, momentum }: WeightState,
  { logScale, shift, lag }: TranslationState,
): { weight: Float64Array; momentum: Float64Array } {
  assertArgument(
    weight.length === momentum.length,
    "translateState",
    `a momentum of the weight's length (${weight.length})`,
    momentum.length,
  );
  const normRatio = Math.exp(-logScale);
  const momentumScale = Math.exp(logScale - lag);
  return {
    weight: Float64Array.from(weight, (w) => w * normRatio),
    momentum: Float64Array.from(momentum, (m, i) => momentumScale * (m - shift * weight[i]!)),
  };
}
