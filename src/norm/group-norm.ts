import { assertArgument, expectation, ShapeError } from "../core/index.js";
import { type Layer, reshape } from "../graph/index.js";
import { accumulation } from "./accumulate.js";
import { affineParameters, applyAffine, checkActivationNorm } from "./affine.js";
import { followedEpsilon } from "./following.js";
import { l2 } from "./power-metrics.js";
import { type ActivationNormOptions, standardized } from "./standardize.js";

/** Options of {@link groupNorm}. */
export interface GroupNormOptions extends ActivationNormOptions {
  /** Number of groups that the channels are cut into; 32 by default. */
  readonly groups?: number;
}

/**
 * Group normalization in any metric (Wu & He 2018, arXiv 1803.08494): each element of the batch on its own, over the
 * channels of a group and all positions. Shapes and parameters as for batch-norm; there are no running statistics. With
 * one group it is layer normalization of an image.
 *
 * @throws ShapeError if the groups do not divide the channels.
 */
export function groupNorm({ groups = 32, ...options }: GroupNormOptions = {}): Layer {
  assertArgument(Number.isInteger(groups) && groups >= 1, "groupNorm", "an integer number of groups ≥ 1", groups);
  return { ...groupLayer("groupNorm", options, () => groups), scale: "tensor" };
}

/**
 * Instance normalization in any metric (Ulyanov, Vedaldi, Lempitsky 2016, arXiv 1607.08022): each channel of each element
 * of the batch on its own, over all positions. Shapes and parameters as for batch-norm; there are no running statistics.
 */
export function instanceNorm(options: ActivationNormOptions = {}): Layer {
  const absorbsShift = options.centre !== false;
  return { ...groupLayer("instanceNorm", options, (channels) => channels), scale: "channel", absorbsShift };
}

function groupLayer(where: string, options: ActivationNormOptions, groupsOf: (channels: number) => number): Layer {
  checkActivationNorm(where, options);
  return {
    kind: `${where}(${(options.metric ?? l2()).name})`,
    apply(x, scope) {
      if (x.rank < 2) throw new ShapeError(expectation(where, "x [N, C] or [N, C, …]", `[${x.shape}]`));
      const [rows, channels] = x.shape as [number, number];
      const groups = groupsOf(channels);
      if (channels % groups !== 0) {
        throw new ShapeError(
          expectation(where, `channels that ${groups} groups divide`, channels, "change the groups"),
        );
      }
      const sums = accumulation(scope.precision.normAccumulator);
      const follow = followedEpsilon(scope, x);
      const normalized = standardized(reshape(x, [rows, groups, -1]), [2], sums, options, follow, (scale) =>
        scope.noteStatistic("scale", scale),
      );
      const perChannel = x.shape.map((size, axis) => (axis === 1 ? size : 1));
      const parameters = affineParameters(scope, options, [channels], perChannel);
      return applyAffine(reshape(normalized, x.shape), parameters, sums);
    },
  };
}
