import { assertArgument } from "../core/index.js";
import { abs, div, maximum, mul, power, reduceMax, square, stopGradient } from "../graph/index.js";
import { gaussianMoment } from "./gaussian.js";
import { constantOf, type Metric, type MetricOptions } from "./metric.js";

/** The root mean square, s = √(mean x²), C = 1: the standard deviation, the metric of ordinary batch-norm. */
export function l2(options: MetricOptions = {}): Metric {
  const one = (): number => 1;
  return {
    name: "l2",
    power: 2,
    statistic: (centred, axes, mean) => mean(square(centred), axes),
    gaussianConstant: constantOf("l2", options, { paper: one, exact: one }),
  };
}

/** The mean magnitude, s = mean |x|, C = √(π/2): it takes no square and no root (Hoffer et al. 2018, section 3.1). */
export function l1(options: MetricOptions = {}): Metric {
  const constant = (): number => Math.sqrt(Math.PI / 2);
  return {
    name: "l1",
    power: 1,
    statistic: (centred, axes, mean) => mean(abs(centred), axes),
    gaussianConstant: constantOf("l1", options, { paper: constant, exact: constant }),
  };
}

/**
 * The mean of any power p ≥ 1, s = (mean |x|ᵖ)^(1/p), C = (E |z|ᵖ)^(−1/p) for a standard normal z. `lp(1)` is {@link l1},
 * `lp(2)` the standard deviation with ε outside the root.
 *
 * The values are divided by their largest magnitude first, so that no power overflows.
 *
 * @throws InvalidArgumentError for a p below 1, which is no norm, or not finite.
 */
export function lp(p: number, options: MetricOptions = {}): Metric {
  assertArgument(p >= 1 && p < Infinity, "lp", "a power p ≥ 1", p, "use lInf() for the maximum");
  const constant = 1 / gaussianMoment(p);
  return {
    name: `l${p}`,
    power: 1,
    statistic(centred, axes, mean) {
      const sizes = abs(centred);
      // s does not depend on what is divided by and multiplied with again, so no gradient flows through it.
      const largest = maximum(stopGradient(reduceMax(sizes, axes)), smallest);
      const average = mean(power(div(sizes, largest), p), axes);
      // The largest term is 1, so only constant values, all 0 here, have a mean as small as this: their slope is 0.
      return mul(largest, power(maximum(average, smallest), 1 / p));
    },
    gaussianConstant: constantOf("lp", options, { paper: () => constant, exact: () => constant }),
  };
}

/** Far below 1 over the size of any tensor; its root is as good as 0 where it replaces a 0. */
const smallest = 1e-30;
