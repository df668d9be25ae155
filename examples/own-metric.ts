import { batchNorm, conv2d, globalAveragePool, linear, type Metric, relu, sequential } from "normwise";
import { abs } from "normwise/graph";

/** L1: the mean distance from the mean, times √(π/2), which makes it the standard deviation of Gaussian values. */
export const l1: Metric = {
  name: "l1",
  power: 1,
  statistic: (centred, axes, mean) => mean(abs(centred), axes),
  gaussianConstant: () => Math.sqrt(Math.PI / 2),
};

export const network = sequential(conv2d(8), batchNorm({ metric: l1 }), relu(), globalAveragePool(), linear(3));
