import { batchNorm, constant, conv2d, globalAveragePool, type Layer, linear, sequential } from "normwise";
import { mul, neg, relu, reshape, sub } from "normwise/graph";

/** PReLU (He et al. 2015): x where x > 0, a·x elsewhere, with a slope a learned for each channel. */
export const prelu = (slope = 0.25): Layer => ({
  kind: "prelu",
  scale: "passes", // f(cx) = c·f(x) for c > 0: what comes before it may be scale-invariant
  apply(x, scope) {
    const a = scope.parameter("slope", [x.shape[1]!], constant(slope), "gain");
    return sub(relu(x), mul(reshape(a, [-1, 1, 1]), relu(neg(x))));
  },
});

export const network = sequential(conv2d(8, { bias: false }), prelu(), batchNorm(), globalAveragePool(), linear(3));
