import { describe, expect, it } from "vitest";
import { gradients, mul, type PrimitiveName, primitives, total } from "../../src/graph/index.js";
import { checkGradient } from "../support/gradient-check.js";
import { allPrimitiveCases, buildCase, primitiveCases } from "../support/primitive-cases.js";
import { normal } from "../support/random-tensors.js";

/** Primitives whose output does not depend smoothly on any input, or which gradients only use. */
const withoutDerivative: readonly PrimitiveName[] = [
  "greater",
  "equal",
  "topKIndices",
  "argMax",
  "maxPool2dGradient",
  "oneHot",
  "stopGradient",
];

describe("the table of cases", () => {
  it.each(Object.keys(primitives) as PrimitiveName[])("%s: applies the primitive in every case", (name) => {
    expect(primitiveCases[name].length).toBeGreaterThan(0);
    for (const one of primitiveCases[name]) {
      const { graph } = buildCase(one);
      const applied = graph.values.flatMap(({ source }) => (source.kind === "apply" ? [source.primitive.name] : []));
      expect(applied, one.name).toContain(name);
    }
  });

  it("checks the derivative of every primitive that has one", () => {
    const unchecked = (Object.keys(primitives) as PrimitiveName[]).filter(
      (name) => !primitiveCases[name].some((one) => one.differentiable),
    );
    expect(unchecked.sort()).toEqual([...withoutDerivative].sort());
  });
});

describe("gradients agree with central differences", () => {
  const differentiable = allPrimitiveCases.filter(([, one]) => one.differentiable);
  it.each(differentiable)("%s", (_, { inputs, build }) => checkGradient(inputs, build));
});

describe("second derivatives agree with central differences", () => {
  const twice: readonly PrimitiveName[] = [
    "mul",
    "div",
    "exp",
    "sqrt",
    "power",
    "tanh",
    "sigmoid",
    "erf",
    "asin",
    "logSoftmax",
    "matmul",
    "conv2d",
    "averagePool2d",
    "gather",
    "slice",
  ];
  it.each(twice)("%s", (name) => {
    for (const { inputs, build } of primitiveCases[name].filter((one) => one.differentiable).slice(0, 3)) {
      const [first] = Object.keys(inputs);
      checkGradient(inputs, (values) => {
        const output = build(values);
        // The square makes the first derivative depend on the inputs even where the primitive is linear.
        const scalar = total(mul(mul(output, output), output.graph.constant(normal("weights", output.shape))));
        return gradients(scalar, [values[first!]!])[0]!;
      });
    }
  });
});
