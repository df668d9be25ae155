import {
  type Conv2dInputGradientParams,
  type Conv2dParams,
  copyLeaf,
  Graph,
  neededValues,
  type Primitive,
  type Program,
  resultsOf,
  type Value,
  withResults,
} from "../../../../graph/index.js";
import {
  type AffineOperands,
  affineOperands,
  type ChannelAffineParams,
  channelAffine,
  fusedConv2d,
  fusedConv2dInputGradient,
  twoInputGradients,
} from "./primitives.js";

const fusedOf: Readonly<Record<string, Primitive>> = {
  conv2d: fusedConv2d as unknown as Primitive,
  conv2dInputGradient: fusedConv2dInputGradient as unknown as Primitive,
};

/**
 * Lets a convolution whose output is only shifted, added to one tensor or activated do that before it stores its output: a
 * pass less for each residual gradient, bias and ReLU.
 */
export function foldEpilogues(program: Program): Program {
  const results = resultsOf(program);
  const values = neededValues(results);
  const uses = new Map<Value, number>();
  const use = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { source } of values) if (source.kind === "apply") source.inputs.forEach(use);
  results.forEach(use);

  const graph = new Graph();
  const renewed = new Map<Value, Value>();
  const now = (value: Value): Value => renewed.get(value)!;
  for (const value of values) renewed.set(value, renew(value));
  return withResults(program, graph, now);

  function renew(value: Value): Value {
    const { source } = value;
    if (source.kind !== "apply") return copyLeaf(value, graph)!;
    const folded =
      source.primitive.name === channelAffine.name
        ? foldedOf(source.inputs, source.params as ChannelAffineParams)
        : undefined;
    return folded ?? graph.apply(source.primitive, source.inputs.map(now), source.params);
  }

  /** The sum of two strided input gradients, which are put together from their phases at once. */
  function bothGradients({ source: a }: Value, other: Value): Value | undefined {
    const { source: b } = other;
    if (a.kind !== "apply" || b.kind !== "apply" || uses.get(other) !== 1) return undefined;
    if (a.primitive.name !== "conv2dInputGradient" || b.primitive.name !== "conv2dInputGradient") return undefined;
    const [first, second] = [a.params, b.params] as [Conv2dInputGradientParams, Conv2dInputGradientParams];
    if (first.stride[0] * first.stride[1] === 1 || String(first.stride) !== String(second.stride)) return undefined;
    return graph.apply(twoInputGradients, [...a.inputs, ...b.inputs].map(now), { first, second });
  }

  function foldedOf(inputs: readonly Value[], params: ChannelAffineParams): Value | undefined {
    const { terms, constant } = affineOperands(inputs, params);
    if (terms.length > 2 || terms.some(({ factor }) => factor)) return undefined;
    // The later of two convolutions: what is added must be there before it.
    const [convolved] = terms
      .map(({ tensor }) => tensor)
      .filter(
        (tensor) => uses.get(tensor) === 1 && tensor.source.kind === "apply" && fusedOf[tensor.source.primitive.name],
      )
      .sort((a, b) => b.id - a.id);
    if (convolved?.source.kind !== "apply") return undefined;
    const added = terms.find(({ tensor }) => tensor !== convolved)?.tensor;
    const both = added && !constant && !params.activation ? bothGradients(convolved, added) : undefined;
    if (both) return both;
    const { source } = convolved;
    const rest: AffineOperands<Value>["constant"][] = [constant, added];
    return graph.apply(
      fusedOf[source.primitive.name]!,
      [...source.inputs, ...rest].filter((input) => input !== undefined).map(now),
      {
        ...(source.params as Conv2dParams | Conv2dInputGradientParams),
        epilogue: {
          constant: constant !== undefined,
          added: added !== undefined,
          ...(params.activation ? { activation: params.activation } : {}),
        },
      },
    );
  }
}
