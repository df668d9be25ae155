import { assertArgument, type Shape } from "../core/index.js";
import { type Initializer, mul, reshape, type ScaleInvariance, type Scope, type Value } from "../graph/index.js";
import { accumulation } from "./accumulate.js";
import type { Metric } from "./metric.js";
import { standardized } from "./standardize.js";
import { type NormGroup, normAxes, rowNorms, unit } from "./weight-metric.js";

/** What a weight normalization is told of the weight that it is to make. */
export interface WeightSpec {
  /** Name in the layer, such as `weight`. */
  readonly name: string;
  /** `[out, in, …]`: each output channel has a norm of its own. */
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
  if (!weightNorm) return scope.stored(scope.parameter(name, shape, initializer, "weight", invariance));
  return scope.stored(scope.noteDerived(name, weightNorm.declare(scope, spec)));
}

/** Options of {@link weightNorm}. */
export interface WeightNormOptions {
  /** What measures the norm; {@link l2} by default. */
  readonly metric?: Metric;
  /** What has a norm and a magnitude g of its own; `"channel"` by default. */
  readonly per?: NormGroup;
}

/**
 * Weight normalization in any metric (Salimans & Kingma 2016, arXiv 1602.07868): w = g v / ‖v‖, with g and v learned.
 *
 * Parameters, named as PyTorch's: `weight_v` of the weight's shape, and `weight_g`, [out, 1, …] per channel or [] per
 * layer. v starts as the layer's initializer says, and g as ‖v‖₂, so that w starts as v; in another metric, within what
 * the metric's constant is off for that v.
 *
 * @throws InvalidArgumentError, when initial values are made, for a v that starts as zeros: it has no direction.
 */
export function weightNorm({ metric, per = "channel" }: WeightNormOptions = {}): WeightNorm {
  return {
    name: `weight-norm(${metric?.name ?? "l2"})`,
    declare(scope, { name, shape, initializer }) {
      const invariance = per === "channel" ? "channel" : "tensor";
      const v = scope.parameter(`${name}_v`, shape, nowhereZero(initializer, per), "weight", invariance);
      const ofV = scope.fullName(`${name}_v`);
      const start: Initializer = (_shape, _random, initialOf) =>
        rowNorms(initialOf(ofV), per === "channel" ? shape : [1]);
      const gainShape = per === "channel" ? shape.map((size, axis) => (axis === 0 ? size : 1)) : [];
      const g = scope.parameter(`${name}_g`, gainShape, start, "gain");
      return mul(unit(v, per, metric), g);
    },
  };
}

/** Options of {@link boundedWeightNorm} and {@link forcedWeightNorm}. */
export interface FixedNormOptions {
  /** What measures the norm; {@link l2} by default. */
  readonly metric?: Metric;
  /** The norm ρ of every channel; ‖V₀‖_F / √N by default, V₀ being the initial weight and N its number of channels. */
  readonly rho?: number;
  /** Whether the default ρ is one for the layer, or each channel's own initial 2-norm; `"layer"` by default. */
  readonly per?: NormGroup;
}

/**
 * Bounded weight normalization in any metric (Hoffer et al. 2018, section 4): w = ρ v / ‖v‖ per output channel, with v
 * learned and ρ fixed. The norm of v changes only how far a step turns it.
 *
 * Parameter `weight_v`; buffer `weight_rho`, [] or, per channel, [out].
 *
 * @throws InvalidArgumentError for a ρ that is not positive and finite; when initial values are made, for a channel that
 *   starts as zeros: it has no direction.
 */
export function boundedWeightNorm(options: FixedNormOptions = {}): WeightNorm {
  checkRho("boundedWeightNorm", options);
  return {
    name: `bounded-weight-norm(${options.metric?.name ?? "l2"})`,
    declare(scope, { name, shape, initializer }) {
      const v = scope.parameter(`${name}_v`, shape, nowhereZero(initializer), "weight", "channel");
      return mul(unit(v, "channel", options.metric), fixedNorm(scope, name, `${name}_v`, shape, options));
    },
  };
}

/**
 * Forced weight normalization in any metric (Karras et al. 2023, arXiv 2312.02696, section 2.3): as
 * {@link boundedWeightNorm}, and after each step the stored weight itself is set to norm ρ, so that its effective rate
 * is η/ρ² throughout.
 *
 * Parameter `weight`, whose initial values are those of the layer's initializer; buffer `weight_rho`.
 *
 * @throws InvalidArgumentError for a ρ that is not positive and finite; when initial values are made, for a channel that
 *   starts as zeros: it has no direction.
 */
export function forcedWeightNorm(options: FixedNormOptions = {}): WeightNorm {
  checkRho("forcedWeightNorm", options);
  const { metric } = options;
  return {
    name: `forced-weight-norm(${metric?.name ?? "l2"})`,
    declare(scope, { name, shape, initializer }) {
      const rho = fixedNorm(scope, name, name, shape, options);
      const atRho = (v: Value): Value => mul(unit(v, "channel", metric), rho);
      return atRho(scope.parameter(name, shape, nowhereZero(initializer), "weight", "channel", atRho));
    },
  };
}

/** Options of {@link weightStandardization}. */
export interface WeightStandardizationOptions {
  /** What measures the scale; {@link l2} by default. */
  readonly metric?: Metric;
  /** Added to σ² (metrics of power 2) or to σ; 1e-5 by default. */
  readonly epsilon?: number;
}

/**
 * Weight standardization in any metric (Qiao et al. 2019, arXiv 1903.10520): w = (v − mean) / √(σ² + ε), per output
 * channel over its inputs. A normalization of activations is meant to follow: w has the norm √m for m inputs.
 *
 * Parameter `weight`, v.
 *
 * @throws InvalidArgumentError for an ε that is not positive.
 */
export function weightStandardization({ metric, epsilon = 1e-5 }: WeightStandardizationOptions = {}): WeightNorm {
  assertArgument(epsilon > 0, "weightStandardization", "epsilon > 0", epsilon);
  return {
    name: `weight-standardization(${metric?.name ?? "l2"})`,
    declare(scope, { name, shape, initializer }) {
      const v = scope.parameter(name, shape, initializer, "weight", "channel");
      const options = { epsilon, ...(metric ? { metric } : {}) };
      const follow = scope.options.following?.epsilonScale; // v itself is such a weight
      return standardized(v, normAxes(shape, "channel"), accumulation("fp32"), options, follow);
    },
  };
}

/** The same initial values, but not all 0 in any group: zeros have no direction, and would get a norm of 0 for good. */
function nowhereZero(initializer: Initializer, per: NormGroup = "channel"): Initializer {
  return (shape, ...rest) => {
    const values = initializer(shape, ...rest);
    const zeros = rowNorms(values, per === "channel" ? shape : [1]).indexOf(0);
    const got = per === "channel" ? `zeros in channel ${zeros}` : "zeros";
    assertArgument(zeros === -1, "a weight norm", "initial weights other than 0", got, "use another initializer");
    return values;
  };
}

function checkRho(where: string, { rho }: FixedNormOptions): void {
  assertArgument(rho === undefined || (rho > 0 && rho < Infinity), where, "a norm ρ > 0", rho);
}

/** The buffer that holds ρ, in a shape that broadcasts over the weight. */
function fixedNorm(scope: Scope, name: string, stored: string, shape: Shape, options: FixedNormOptions): Value {
  const { rho, per = "layer" } = options;
  const source = scope.fullName(stored);
  const initial: Initializer = (_shape, _random, initialOf) => {
    const start = initialOf(source);
    return per === "channel" ? rowNorms(start, shape) : rowNorms(start, [1]).map((norm) => norm / Math.sqrt(shape[0]!));
  };
  const channels = per === "channel" ? [shape[0]!] : [];
  const { value } = scope.buffer(`${name}_rho`, channels, rho ?? initial);
  return per === "channel" ? reshape(value, [shape[0]!, ...shape.slice(1).map(() => 1)]) : value;
}
