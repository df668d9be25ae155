import { assertArgument, expectation, type Shape, ShapeError, sizeOf } from "../core/index.js";
import {
  add,
  type Buffer,
  div,
  type Layer,
  mul,
  type Proportion,
  reduceMean,
  reshape,
  type Scope,
  sub,
  type Value,
} from "../graph/index.js";
import { scaleProportional } from "./following.js";
import { l2, type Metric } from "./metric.js";
import { denominator, estimate } from "./spread.js";

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  /** What measures the scale; {@link l2} by default. */
  readonly metric?: Metric;
  /** Added to σ² (metrics of power 2) or to σ; 1e-5 by default. */
  readonly epsilon?: number;
  /** Weight of the newest batch in the running statistics, in (0, 1]; 0.1 by default. */
  readonly momentum?: number;
  /** Whether a learned gain γ and shift β follow; true by default. */
  readonly affine?: boolean;
  /** What the gain γ starts as; 1 by default. */
  readonly initialGain?: number;
}

/**
 * Batch normalization in any metric (Ioffe & Szegedy 2015; metrics: Hoffer et al. 2018, section 3):
 * y = γ (x − mean) / √(σ² + ε) + β, per channel over the batch and all positions, σ as the metric estimates it.
 *
 * Shapes: x [N, C] or [N, C, H, W]; y like x. Parameters `weight` (γ, starts at `initialGain`) and `bias` (β, 0), each [C].
 * Buffers `running_mean` and, in PyTorch's convention for L2, `running_var` (the unbiased variance); other metrics keep
 * `running_scale`, their σ. They are what evaluation uses.
 *
 * @throws InvalidArgumentError for an ε that is not positive or a momentum outside (0, 1].
 */
export function batchNorm(options: BatchNormOptions = {}): Layer {
  const { metric = l2(), epsilon = 1e-5, momentum = 0.1, affine = true, initialGain = 1 } = options;
  assertArgument(epsilon > 0, "batchNorm", "epsilon > 0", epsilon);
  assertArgument(momentum > 0 && momentum <= 1, "batchNorm", "momentum in (0, 1]", momentum);

  return {
    kind: `batchNorm(${metric.name})`,
    scale: "channel",
    absorbsShift: true,
    apply(x, scope) {
      if (x.rank < 2) throw new ShapeError(expectation("batchNorm", "x [N, C] or [N, C, H, W]", `[${x.shape}]`));
      const perChannel = x.shape.map((size, axis) => (axis === 1 ? size : 1));
      const proportion = scope.proportionOf(x);
      const following = proportion && scope.options.following;
      const running = runningBuffers(scope, metric, x.shape[1]!, proportion);
      const statistics = scope.training
        ? batchStatistics(x, perChannel, metric, running, momentum, following?.statisticsScale)
        : runningStatistics(x, perChannel, running);
      const spread = denominator(metric, statistics.estimated, epsilon, following?.epsilonScale);
      if (!affine) return div(statistics.centred, spread);
      const channels = [x.shape[1]!];
      const gain = reshape(scope.parameter("weight", channels, filled(initialGain), "gain"), perChannel);
      const shift = reshape(scope.parameter("bias", channels, filled(0), "shift"), perChannel);
      return add(mul(statistics.centred, div(gain, spread)), shift);
    },
  };
}

interface Statistics {
  readonly centred: Value;
  /** σᵖ, of shape [1, C, 1, 1]. */
  readonly estimated: Value;
}

function batchStatistics(
  x: Value,
  perChannel: Shape,
  metric: Metric,
  running: RunningBuffers,
  momentum: number,
  scale?: Value,
): Statistics {
  const axes = perChannel.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const n = sizeOf(x.shape) / x.shape[1]!;
  const mean = reduceMean(x, axes);
  const centred = sub(x, mean);
  const estimated = estimate(metric, centred, axes, n);

  // The square is made unbiased for n values (PyTorch's convention); one value has no spread to correct.
  const kept = metric.power === 2 ? mul(estimated, n / Math.max(n - 1, 1)) : estimated;
  const blend = ({ value, follows }: Buffer, now: Value): Value => {
    const next = add(mul(value, 1 - momentum), mul(reshape(now, value.shape), momentum));
    return follows && scale ? scaleProportional(next, scale, follows, (name) => x.graph.inputs.get(name)!) : next;
  };
  running.mean.next = blend(running.mean, mean);
  running.spread.next = blend(running.spread, kept);
  return { centred, estimated };
}

function runningStatistics(x: Value, perChannel: Shape, running: RunningBuffers): Statistics {
  return {
    centred: sub(x, reshape(running.mean.value, perChannel)),
    estimated: reshape(running.spread.value, perChannel),
  };
}

interface RunningBuffers {
  readonly mean: Buffer;
  readonly spread: Buffer;
}

function runningBuffers(scope: Scope, metric: Metric, channels: number, proportion?: Proportion): RunningBuffers {
  const ofMean = proportion && { ...proportion, power: 1 as const };
  const ofSpread = proportion && { weight: proportion.weight, power: metric.power };
  const spread = metric.power === 2 ? "running_var" : "running_scale";
  return {
    mean: scope.buffer("running_mean", [channels], 0, ofMean),
    spread: scope.buffer(spread, [channels], 1, ofSpread),
  };
}

const filled =
  (value: number) =>
  (shape: Shape): Float32Array =>
    new Float32Array(sizeOf(shape)).fill(value);
