import type { Shape } from "../core/index.js";
import type { Initializer, ScaleInvariance, Scope, Value } from "../graph/index.js";

/** What a weight normalization is told of the weight that it is to make. */
export interface WeightSpec {
  /** Name in the layer, such as `weight`. */
  readonly name: string;
  /** [out, in, …]: each output channel has a norm of its own. */
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** Whether the weight's scale matters to what follows the layer. */
  readonly invariance: ScaleInvariance;
}

/**
 * A reparametrization: makes a layer's weight from stored parameters. Layers take one as an option, and get their weight
 * from {@link declareWeight}.
 */
export interface WeightNorm {
  /** Short name for logs and file keys. */
  readonly name: string;
  /** Declares what is stored, and returns the weight made of it. */
  declare(scope: Scope, spec: WeightSpec): Value;
}

/**
 * A layer's weight as it is used: made by the weight norm, or a parameter of its own without one, and rounded to the
 * network's storage format.
 */
export function declareWeight(scope: Scope, spec: WeightSpec, weightNorm?: WeightNorm): Value {
  const { name, shape, initializer, invariance } = spec;
  const weight = weightNorm
    ? weightNorm.declare(scope, spec)
    : scope.parameter(name, shape, initializer, "weight", invariance);
  return scope.stored(weight);
}
