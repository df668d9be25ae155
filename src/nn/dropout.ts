import { assertArgument } from "../core/index.js";
import {
  add,
  cast,
  greater,
  type Layer,
  mul,
  reshape,
  type Scope,
  sliceAxis,
  sub,
  type Value,
} from "../graph/index.js";
import { noiseInput, noiseLevels } from "./noise.js";

/**
 * Dropout (Srivastava et al. 2014): in training each element is 0 with probability `rate`, else divided by 1 − rate; in
 * evaluation nothing happens. The rate is rounded to a multiple of 1/2039.
 *
 * The graph draws no random numbers, for a runtime's generator cannot be wound back when a run is resumed, and masks fed
 * from outside would be as large as the activations. Instead small vectors are fed ({@link noiseInput}): an integer aᵢ
 * for each row and two, bⱼ and cⱼ, for each column (the last axis). An element is dropped where
 * (aᵢ bⱼ + cⱼ) mod 2039 < 2039 · rate: a universal hash (Carter & Wegman 1979). The elements of a row are independent,
 * those of a column pairwise independent, but that two rows with the same aᵢ, one pair in 2039, are dropped alike. All of
 * it is exact in float32, so that every runtime drops the same elements.
 *
 * @throws InvalidArgumentError unless 0 ≤ rate < 1.
 */
export function dropout(rate: number): Layer {
  assertArgument(rate >= 0 && rate < 1, "dropout", "a rate in [0, 1)", rate);
  const dropped = Math.round(rate * noiseLevels);
  return {
    kind: "dropout",
    apply(x, scope) {
      if (!scope.training || dropped === 0) return x;
      const hashed = hash(x.shape.slice(0, -1), x.shape.at(-1)!, scope);
      const kept = cast(greater(hashed, dropped), "float32");
      const factors = mul(kept, noiseLevels / (noiseLevels - dropped));
      return mul(x, reshape(factors, x.shape));
    },
  };
}

/** (aᵢ bⱼ + cⱼ) mod 2039 + ½, [rows, columns]. The half keeps quotients away from integers, where rounding would tell. */
function hash(leading: readonly number[], columns: number, scope: Scope): Value {
  const rows = leading.reduce((product, size) => product * size, 1);
  const perRow = noiseInput(scope, "rows", [rows, 1]);
  const perColumn = noiseInput(scope, "columns", [2, columns]);
  const offset = add(sliceAxis(perColumn, 0, 1, 2), 0.5);
  const sum = add(mul(perRow, sliceAxis(perColumn, 0, 0, 1)), offset);
  const quotient = cast(cast(mul(sum, 1 / noiseLevels), "int32"), "float32");
  return sub(sum, mul(quotient, noiseLevels));
}
