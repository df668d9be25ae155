import type { Value } from "../../graph/index.js";
import { labelsOf, type WeightFactors } from "./factors.js";
import { any, type Labels, uniform, unscaledLabels } from "./labels.js";
import type { RuleContext, ScalingRule } from "./rule.js";
import { scales } from "./rule.js";
import { scalingRules } from "./rules.js";
import { pure, type ScaleAlgebra, type Scaling } from "./scaling.js";

/**
 * How every value scales when each weight's channels are multiplied by factors; what must hold of the factors for the
 * outputs to stay the same is left in the algebra.
 *
 * @param values What the outputs depend on, each after its inputs.
 */
export function propagate(
  values: readonly Value[],
  outputs: readonly Value[],
  weights: readonly WeightFactors[],
  algebra: ScaleAlgebra,
  largestEpsilon: number,
): ReadonlyMap<Value, Scaling> {
  const scalings = new Map<Value, Scaling>();
  const { monomials } = algebra;
  const factors = new Map(weights.map((weight) => [weight.value, weight]));
  for (const value of values) {
    const weight = factors.get(value);
    scalings.set(value, weight ? pure(labelsOf(weight, (factor) => monomials.factor(factor))) : scalingOf(value));
  }
  for (const output of outputs) algebra.unscaledBy(algebra.reduced(scalings.get(output)!), output, "output");
  return scalings;

  function scalingOf(value: Value): Scaling {
    const { source } = value;
    if (source.kind !== "apply") return pure(constantLabels(value));
    const inputs = source.inputs.map((input) => {
      const scaling = algebra.reduced(scalings.get(input)!);
      scalings.set(input, scaling);
      return scaling;
    });
    const context: RuleContext = {
      output: value,
      inputs: source.inputs,
      params: source.params,
      algebra,
      largestEpsilon,
    };
    const rules: Readonly<Record<string, ScalingRule<never> | undefined>> = scalingRules;
    const rule = rules[source.primitive.name];
    if (rule) return rule(inputs, context as RuleContext<never>);
    // An operator that could not be followed.
    for (const input of inputs) if (scales(input)) algebra.unscaledBy(input, value, "unknown");
    return pure(unscaledLabels(value.rank));
  }
}

/** The labels of a constant. One of zeros and infinities alone, such as a mask that is added, may scale by any factor. */
function constantLabels({ source, rank }: Value): Labels {
  if (source.kind !== "constant") return unscaledLabels(rank);
  const { data, dtype } = source.tensor;
  const isBits = dtype === "float16" || dtype === "bfloat16";
  for (const number of data)
    if (isBits || (Number(number) !== 0 && Number.isFinite(Number(number)))) return unscaledLabels(rank);
  return uniform(rank, any);
}
