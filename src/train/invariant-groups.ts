import { analyzeInvariance, type WeightInvariance } from "../dynamics/index.js";
import type { Parameter, Value } from "../graph/index.js";
import { axesOf } from "../optim/index.js";

/**
 * The axes over which the norms of scale-invariant groups are taken, by the analysis of the graph that is trained: all but
 * the output channels' where each channel may be scaled on its own, all where only the tensor may, or its heads. Weights
 * of which a part is not invariant have none, nor have those that are so only jointly with others: neither could be turned,
 * or have its radial part dropped, on its own. The same holds for biases without effect, whose groups are single numbers.
 */
export function invariantGroups(
  loss: Value,
  parameters: readonly Parameter[],
): ReadonlyMap<Parameter, readonly number[]> {
  const found = analyzeInvariance([loss], parameters);
  return new Map(
    parameters.flatMap((parameter, index) => {
      const axes = normAxes(found[index]!, parameter);
      return axes ? [[parameter, axes]] : [];
    }),
  );
}

function normAxes({ invariance, axis, groups, withoutEffect }: WeightInvariance, { value }: Parameter) {
  if (withoutEffect || value.rank < 2 || groups.includes(-1)) return undefined;
  if (invariance === "channel") return axesOf(value, [axis]);
  return invariance === "head" || invariance === "tensor" ? axesOf(value) : undefined;
}
