import { assertArgument, expectation, ShapeError } from "../core/index.js";
import { type Layer, reshape, sub } from "../graph/index.js";
import { accumulation } from "./accumulate.js";
import { affineParameters, applyAffine } from "./affine.js";
import type { BatchNormOptions } from "./batch-norm.js";
import { runningStatistics } from "./running-statistics.js";

/**
 * Mean-only batch normalization (Salimans & Kingma 2016, arXiv 1602.07868, section 3): y = x − mean + β, per channel over
 * the batch and all positions. It leaves the scale to a weight norm in front of it.
 *
 * Shapes: x [N, C] or [N, C, …]; y like x. Parameter `bias` (β, starts at 0), buffer `running_mean`, each [C].
 *
 * @throws InvalidArgumentError for a momentum outside (0, 1]; a ShapeError for x without channels.
 */
export function meanOnlyBatchNorm(options: Pick<BatchNormOptions, "momentum" | "affine"> = {}): Layer {
  const { momentum = 0.1, affine = true } = options;
  assertArgument(momentum > 0 && momentum <= 1, "meanOnlyBatchNorm", "momentum in (0, 1]", momentum);
  return {
    kind: "meanOnlyBatchNorm",
    apply(x, scope) {
      if (x.rank < 2) {
        throw new ShapeError(expectation("meanOnlyBatchNorm", "x [N, C] or [N, C, …]", `[${x.shape}]`));
      }
      const channels = x.shape[1]!;
      const perChannel = x.shape.map((size, axis) => (axis === 1 ? size : 1));
      const running = runningStatistics(scope, { channels, centre: true, momentum });
      const sums = accumulation(scope.precision.normAccumulator);
      const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
      const mean = scope.training ? sums.mean(x, axes) : reshape(running.mean!, perChannel);
      if (scope.training) running.update({ mean }, 1);
      const centred = sub(x, sums.spread(mean, x.shape));
      return applyAffine(centred, affineParameters(scope, { affine, gain: false }, [channels], perChannel), sums);
    },
  };
}
