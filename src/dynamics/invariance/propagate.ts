import type { Value } from "../../graph/index.js";
import { labelsOf, type WeightFactors } from "./factors.js";
import { any, type Labels, unscaledLabels } from "./labels.js";
import { unscaled } from "./monomials.js";
import type { RuleContext, ScalingRule } from "./rule.js";
import { scales } from "./rule.js";
import { scalingRules } from "./rules.js";
import { pure, type ScaleAlgebra, type Scaling } from "./scaling.js";

/** Constants of more elements than this are taken to be no zeros. */
const mostLookedAt = 1 << 20;

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

/** The labels of a constant: zeros and infinities may scale by any factor. */
function constantLabels({ source, shape, rank }: Value): Labels {
  if (source.kind !== "constant" || source.tensor.data.length > mostLookedAt) return unscaledLabels(rank);
  const { data, dtype } = source.tensor;
  if (dtype === "float16" || dtype === "bfloat16") return unscaledLabels(rank);
  const products = Int32Array.from(data as ArrayLike<number>, (number) =>
    Number(number) === 0 || !Number.isFinite(Number(number)) ? any : unscaled,
  );
  const first = products[0];
  if (products.every((product) => product === first)) {
    return { shape: new Array<number>(rank).fill(1), products: products.slice(0, 1) };
  }
  return { shape, products };
}
