import { assertArgument, expectation, ShapeError } from "../core/index.js";
import { add, type Initializer, type Layer, matmul, reshape, transposeLast, type Value } from "../graph/index.js";
import { declareWeight, type WeightNorm } from "../norm/index.js";
import { uniformFanIn } from "./initializers.js";

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Whether a bias is added; true by default. */
  readonly bias?: boolean;
  /** How the weight starts; uniform within ±1/√fanIn by default, the bias likewise. */
  readonly initializer?: Initializer;
  /** Makes the weight from stored parameters, per output feature; the weight is the parameter by default. */
  readonly weightNorm?: WeightNorm;
}

/**
 * Linear layer: x [N, in] or [N, T, in] → x Wᵀ + b over the last axis, which becomes `features`. Parameters `weight`
 * [features, in] and `bias` [features].
 */
export function linear(features: number, options: LinearOptions = {}): Layer {
  const { bias = true, initializer = uniformFanIn(), weightNorm } = options;
  assertArgument(Number.isInteger(features) && features > 0, "linear", "a positive number of features", features);
  return {
    kind: "linear",
    apply(x, scope) {
      if (x.rank !== 2 && x.rank !== 3) {
        const expected = "x [N, features] or [N, T, features]";
        throw new ShapeError(expectation(`linear ${scope.path}`, expected, `[${x.shape}]`, "add flatten()"));
      }
      const inputs = x.shape.at(-1)!;
      const invariance = bias && !scope.absorption.shift ? "none" : scope.absorption.scale;
      const spec = { name: "weight", shape: [features, inputs], initializer, invariance };
      const weight = declareWeight(scope, spec, weightNorm);
      const product = times(x, weight);
      const y = bias
        ? add(product, scope.stored(scope.parameter("bias", [features], uniformFanIn(inputs), "bias")))
        : product;
      const proportion = { weight: scope.fullName("weight"), ...(bias ? { offset: scope.fullName("bias") } : {}) };
      // What a weight norm makes does not grow with the parameter that it is made of.
      return scope.noteProportion(y, invariance === "none" || weightNorm ? undefined : proportion);
    },
  };
}

/**
 * x Wᵀ over the last axis of x [..., in], W [out, in]. All leading axes become one: a product for each of them would make
 * a gradient of W for each, only to add them up.
 */
export function times(x: Value, weight: Value): Value {
  const product = matmul(reshape(x, [-1, x.shape.at(-1)!]), transposeLast(weight));
  return reshape(product, [...x.shape.slice(0, -1), weight.shape[0]!]);
}
