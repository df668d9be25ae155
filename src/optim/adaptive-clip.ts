import { assertArgument } from "../core/index.js";
import { div, maximum, minimum, mul } from "../graph/index.js";
import { axesOf, groupNorms } from "./group-norm.js";
import type { Optimizer } from "./optimizer.js";
import { chain, type UpdateRule } from "./update-rule.js";

/** Keeps the ratio of gradients that are all 0 finite; the authors' number. */
const least = 1e-6;

/**
 * g ← g · min(1, c · max(‖w‖, ε) / max(‖g‖, 1e-6)): adaptive gradient clipping (Brock et al. 2021, arXiv 2102.06171,
 * equation 3). 2-norms of each output unit (axis 0) of a weight of two axes or more, of all of a bias or gain. c is the
 * context's `adaptiveClip`; comes before the momentum.
 *
 * @param epsilon ε > 0: a unit counts as at least so long, so that weights that start at 0 can grow; 1e-3 by default.
 * @throws InvalidArgumentError unless ε > 0.
 */
export function clipAdaptively(epsilon = 1e-3): UpdateRule {
  assertArgument(epsilon > 0 && Number.isFinite(epsilon), "clipAdaptively", "epsilon > 0", epsilon);
  return {
    name: "clipAdaptively",
    slots: [],
    apply(update, { weight, adaptiveClip }) {
      if (adaptiveClip === undefined) return update;
      const axes = weight.rank < 2 ? axesOf(weight) : axesOf(weight, [0]);
      const limit = mul(maximum(groupNorms(weight, axes), epsilon), adaptiveClip);
      return mul(update, minimum(div(limit, maximum(groupNorms(update, axes), least)), 1));
    },
  };
}

/**
 * An optimizer whose gradients are clipped adaptively first. As in the paper, those of the last layer are left, unless its
 * group has a limit of its own.
 *
 * @param limit c > 0; the paper has 0.01 for batches of 4096, and larger limits for smaller ones.
 * @throws InvalidArgumentError unless c > 0.
 */
export function withAdaptiveClip(optimizer: Optimizer, limit: number, epsilon?: number): Optimizer {
  assertArgument(limit > 0 && Number.isFinite(limit), "withAdaptiveClip", "a limit > 0", limit);
  return { ...optimizer, rule: chain(clipAdaptively(epsilon), optimizer.rule), adaptiveClip: limit };
}
