import { assertArgument, expectation, type Shape, ShapeError } from "../core/index.js";
import { div, type Layer, reshape, sub, type Value } from "../graph/index.js";
import { accumulation } from "./accumulate.js";
import { affineParameters, applyAffine, checkActivationNorm } from "./affine.js";
import { followedEpsilon } from "./following.js";
import { l2 } from "./power-metrics.js";
import { type RunningStatistics, runningStatistics } from "./running-statistics.js";
import { denominator } from "./spread.js";
import { type ActivationNormOptions, countOver, type Statistics, statisticsOf } from "./standardize.js";

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends ActivationNormOptions {
  /** Weight of the newest batch in the running statistics, in (0, 1]; 0.1 by default. */
  readonly momentum?: number;
}

/**
 * Batch normalization in any metric (Ioffe & Szegedy 2015; metrics: Hoffer et al. 2018, section 3):
 * y = γ (x − mean) / √(σ² + ε) + β, per channel over the batch and all positions, σ as the metric estimates it.
 *
 * Shapes: x [N, C] or [N, C, …], such as [N, C, H, W]; y like x. Parameters `weight` (γ) and `bias` (β, starts at 0),
 * each [C]. Buffers `running_mean` and, in PyTorch's convention for L2, `running_var` (the unbiased variance); other
 * metrics keep `running_scale`, their σ. They are what evaluation uses. A batch with an Inf or a NaN leaves them as they
 * are. A channel whose values are all the same gives β, as far as its mean is exact: what rounding leaves is divided by √ε
 * (metrics of power 2) or ε. Without centring there are no `bias` and `running_mean`.
 *
 * @throws InvalidArgumentError for an ε that is not positive, a momentum outside (0, 1] or an initial gain that is not
 *   finite; a ShapeError for x without channels.
 */
export function batchNorm(options: BatchNormOptions = {}): Layer {
  return batchLayer("batchNorm", options, (x) => x);
}

/** Options of {@link ghostBatchNorm}. */
export interface GhostBatchNormOptions extends BatchNormOptions {
  /** Rows in each ghost batch; 32 by default. */
  readonly size?: number;
}

/**
 * Batch normalization over parts of the batch (Hoffer, Hubara, Soudry 2017, arXiv 1705.08741, algorithm 1): each `size`
 * consecutive rows are normalized by statistics of their own. The running statistics take the ghost batches one after
 * the other, each with the weight `momentum`. Shapes, parameters, buffers and evaluation are those of {@link batchNorm}.
 *
 * @throws ShapeError if, in training, the batch is larger than the size and not a multiple of it.
 */
export function ghostBatchNorm({ size = 32, ...options }: GhostBatchNormOptions = {}): Layer {
  const where = "ghostBatchNorm";
  assertArgument(Number.isInteger(size) && size >= 1, where, "an integer size ≥ 1", size);
  return batchLayer(where, options, (x) => {
    const [rows, ...rest] = x.shape as [number, ...number[]];
    if (rows <= size) return x;
    if (rows % size !== 0) {
      const fix = "choose a batch that the size divides";
      throw new ShapeError(expectation(where, `a batch that is a multiple of ${size}`, rows, fix));
    }
    return reshape(x, [rows / size, size, ...rest]);
  });
}

/** @param grouped The batch [N, C, …] as its statistics are taken: itself, or [ghosts, size, C, …]. */
function batchLayer(where: string, options: BatchNormOptions, grouped: (x: Value) => Value): Layer {
  const { metric = l2(), epsilon = 1e-5, momentum = 0.1, centre = true } = options;
  checkActivationNorm(where, options);
  assertArgument(momentum > 0 && momentum <= 1, where, "momentum in (0, 1]", momentum);

  return {
    kind: `${where}(${metric.name})`,
    scale: "channel",
    absorbsShift: centre,
    apply(whole, scope) {
      if (whole.rank < 2) throw new ShapeError(expectation(where, "x [N, C] or [N, C, …]", `[${whole.shape}]`));
      const channels = whole.shape[1]!;
      const x = scope.training ? grouped(whole) : whole;
      const channelAxis = x.rank - whole.rank + 1;
      const perChannel = x.shape.map((size, axis) => (axis === channelAxis ? size : 1));
      const proportion = scope.proportionOf(whole);
      const running = runningStatistics(scope, { metric, channels, centre, momentum, proportion });
      const sums = accumulation(scope.precision.normAccumulator);

      const axes = x.shape.flatMap((_, axis) => (axis === channelAxis || axis < channelAxis - 1 ? [] : [axis]));
      const statistics = scope.training
        ? statisticsOf(x, axes, metric, centre, sums)
        : keptStatistics(x, perChannel, running);
      if (scope.training) {
        running.update(statistics, countOver(x.shape, axes));
        scope.noteStatistic("scale", statistics.estimated);
      }

      const spread = denominator(metric, statistics.estimated, epsilon, followedEpsilon(scope, whole));
      const { gain, shift } = affineParameters(scope, options, [channels], perChannel);
      // γ/σ first, one number a channel.
      const y = gain
        ? applyAffine(statistics.centred, { gain: div(gain, spread), ...(shift ? { shift } : {}) }, sums)
        : div(statistics.centred, sums.spread(spread, x.shape));
      return reshape(y, whole.shape);
    },
  };
}

function keptStatistics(x: Value, perChannel: Shape, { mean, spread }: RunningStatistics): Statistics {
  const estimated = reshape(spread!, perChannel);
  return mean ? { estimated, centred: sub(x, reshape(mean, perChannel)) } : { estimated, centred: x };
}
