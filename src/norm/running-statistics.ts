import {
  add,
  type Buffer,
  equal,
  mul,
  type Proportion,
  reshape,
  type Scope,
  sliceAxis,
  type Value,
  where,
  zeroIfFinite,
} from "../graph/index.js";
import { scaleProportional } from "./following.js";
import type { Metric } from "./metric.js";
import type { Statistics } from "./standardize.js";

/** What running statistics are kept of. */
export interface RunningOptions {
  /** What measures the scale; absent: there is only a mean. */
  readonly metric?: Metric;
  readonly channels: number;
  /** Whether there is a mean. */
  readonly centre: boolean;
  /** Weight of the newest batch. */
  readonly momentum: number;
  /** The scale-invariant weight that the statistics are proportional to. */
  readonly proportion?: Proportion | undefined;
}

/** Statistics of past batches, which evaluation uses in place of a batch's own; [C] each. */
export interface RunningStatistics {
  readonly mean?: Value;
  /** σᵖ: the unbiased variance for metrics of power 2, the scale C·s for others. */
  readonly spread?: Value;
  /**
   * Blends in the statistics of a training batch, or of several ghost batches of it, one after the other. If any of them
   * is not finite, all stay as they are.
   *
   * @param n The number of values that each statistic was taken of.
   */
  update(statistics: Partial<Statistics>, n: number): void;
}

/** Declares the buffers `running_mean` and `running_var` or `running_scale`. */
export function runningStatistics(scope: Scope, options: RunningOptions): RunningStatistics {
  const { metric, channels, centre, momentum, proportion } = options;
  const ofMean = proportion && { ...proportion, power: 1 as const };
  const mean = centre ? scope.buffer("running_mean", [channels], 0, ofMean) : undefined;
  const ofSpread = proportion && metric && { weight: proportion.weight, power: metric.power };
  const spread = metric && scope.buffer(metric.power === 2 ? "running_var" : "running_scale", [channels], 1, ofSpread);
  const scale = proportion && scope.options.following?.statisticsScale;

  function blend({ value, follows }: Buffer, now: Value, batchIsFinite: Value): Value {
    const ghosts = reshape(now, [-1, channels]);
    let blended = value;
    for (let ghost = 0; ghost < ghosts.shape[0]!; ghost++) {
      const newest = reshape(sliceAxis(ghosts, 0, ghost, ghost + 1), [channels]);
      blended = add(mul(blended, 1 - momentum), mul(newest, momentum));
    }
    const next = where(batchIsFinite, blended, value);
    return follows && scale ? scaleProportional(next, scale, follows, (name) => scope.graph.inputs.get(name)!) : next;
  }

  return {
    ...(mean ? { mean: mean.value } : {}),
    ...(spread ? { spread: spread.value } : {}),
    update({ mean: average, estimated, centred }, n) {
      // A mean shows every NaN; without one, the values are asked themselves, as ONNX Runtime's maximum passes over NaN.
      const shown = [estimated, average ?? centred].filter((value) => value !== undefined);
      const batchIsFinite = equal(zeroIfFinite(shown), 0);
      if (mean && average) mean.next = blend(mean, average, batchIsFinite);
      if (!spread || !estimated) return;
      // The square of centred values is made unbiased (PyTorch's convention); one value has no spread to correct.
      const unbiased = metric?.power === 2 && centre ? n / Math.max(n - 1, 1) : 1;
      spread.next = blend(spread, unbiased === 1 ? estimated : mul(estimated, unbiased), batchIsFinite);
    },
  };
}
