import { describe, it } from "vitest";
import { checkBuiltGradient } from "../support/gradient-check.js";
import { buildNorm, pairs } from "./table/index.js";

describe.each(pairs)("the gradient of %s", (_name, norm, metric) => {
  it.each([
    ["training", true],
    ["evaluation", false],
  ])("agrees with central differences in %s", (_mode, training) => {
    const { graph, output, feeds, scope } = buildNorm(norm, metric, { epsilon: 0.1 }, { training });
    const wanted = ["x", ...scope.parameters.map(({ name }) => name)];
    const inputs = Object.fromEntries(wanted.map((name) => [name, graph.inputs.get(name)!]));
    checkBuiltGradient(feeds, { graph, inputs, output }, { wanted, step: 1e-6 });
  });
});
