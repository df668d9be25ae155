import { assertArgument, expectation, ShapeError } from "../core/index.js";
import { add, type Initializer, type Layer, matmul, transposeLast } from "../graph/index.js";
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

/** Linear layer: x [N, in] → x Wᵀ + b, [N, features]. Parameters `weight` [features, in] and `bias` [features]. */
export function linear(features: number, options: LinearOptions = {}): Layer {
  const { bias = true, initializer = uniformFanIn(), weightNorm } = options;
  assertArgument(Number.isInteger(features) && features > 0, "linear", "a positive number of features", features);
  return {
    kind: "linear",
    apply(x, scope) {
      if (x.rank !== 2) {
        throw new ShapeError(expectation(`linear ${scope.path}`, "x [N, features]", `[${x.shape}]`, "add flatten()"));
      }
      const inputs = x.shape[1]!;
      const invariance = bias && !scope.absorption.shift ? "none" : scope.absorption.scale;
      const spec = { name: "weight", shape: [features, inputs], initializer, invariance };
      const weight = declareWeight(scope, spec, weightNorm);
      const product = matmul(x, transposeLast(weight));
      const y = bias
        ? add(product, scope.stored(scope.parameter("bias", [features], uniformFanIn(inputs), "bias")))
        : product;
      const proportion = { weight: scope.fullName("weight"), ...(bias ? { offset: scope.fullName("bias") } : {}) };
      // What a weight norm makes does not grow with the parameter that it is made of.
      return scope.noteProportion(y, invariance === "none" || weightNorm ? undefined : proportion);
    },
  };
}
