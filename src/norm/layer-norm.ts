import { assertArgument, expectation, ShapeError } from "../core/index.js";
import type { Layer } from "../graph/index.js";
import { accumulation } from "./accumulate.js";
import { affineParameters, applyAffine, checkActivationNorm } from "./affine.js";
import { followedEpsilon } from "./following.js";
import { l2 } from "./power-metrics.js";
import { type ActivationNormOptions, standardized } from "./standardize.js";

/** Options of {@link layerNorm}. */
export interface LayerNormOptions extends ActivationNormOptions {
  /** How many of the last axes are normalized together; 1 by default. */
  readonly axes?: number;
}

/**
 * Layer normalization in any metric (Ba, Kiros, Hinton 2016, arXiv 1607.06450): y = γ (x − mean) / √(σ² + ε) + β, each
 * element of the batch on its own, over the last axis (or axes). It has no running statistics: training and evaluation
 * are the same.
 *
 * Shapes: x […, F]; y like x. Parameters `weight` (γ) and `bias` (β, starts at 0), each of the normalized axes' shape.
 *
 * @throws InvalidArgumentError for an ε that is not positive; a ShapeError if x has no axis left for the batch.
 */
export function layerNorm({ axes = 1, ...options }: LayerNormOptions = {}): Layer {
  return lastAxesNorm("layerNorm", axes, options);
}

/**
 * Root-mean-square normalization (Zhang & Sennrich 2019, arXiv 1910.07467): {@link layerNorm} without a mean and without
 * β, y = γ x / √(mean x² + ε), over the last axis; other metrics take the root mean square's place.
 */
export function rmsNorm(options: Omit<LayerNormOptions, "centre"> = {}): Layer {
  const { axes = 1, ...rest } = options;
  return lastAxesNorm("rmsNorm", axes, { ...rest, centre: false });
}

function lastAxesNorm(where: string, count: number, options: ActivationNormOptions): Layer {
  checkActivationNorm(where, options);
  assertArgument(Number.isInteger(count) && count >= 1, where, "an integer number of axes ≥ 1", count);
  return {
    kind: `${where}(${(options.metric ?? l2()).name})`,
    scale: "tensor",
    apply(x, scope) {
      if (x.rank <= count) {
        throw new ShapeError(expectation(where, `x of more than ${count} axes`, `[${x.shape}]`));
      }
      const axes = x.shape.map((_, axis) => axis).slice(-count);
      const sums = accumulation(scope.precision.normAccumulator);
      const shape = x.shape.slice(-count);
      const broadcast = [...new Array<number>(x.rank - count).fill(1), ...shape];
      const parameters = affineParameters(scope, options, shape, broadcast);
      return applyAffine(
        standardized(x, axes, sums, options, followedEpsilon(scope, x), (scale) => scope.noteStatistic("scale", scale)),
        parameters,
        sums,
      );
    },
  };
}
