import { describe, expect, it } from "vitest";
import { Graph, type Parameter, Scope } from "../../src/graph/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";
import {
  biases,
  type GroupRule,
  groupParameters,
  lastLayer,
  named,
  normalizationParameters,
  not,
  scaleInvariant,
} from "../../src/optim/index.js";

const network = sequential({
  conv: conv2d(4),
  bn: batchNorm(),
  relu: relu(),
  pool: globalAveragePool(),
  fc: linear(3),
});
const scope = new Scope(new Graph(), { training: true });
network.apply(scope.graph.input("x", [2, 3, 4, 4]), scope);
const { parameters } = scope;

const names = (members: readonly Parameter[]): string => members.map(({ name }) => name).join(" ");
const groups = (...rules: readonly GroupRule[]): [string, string][] =>
  groupParameters(parameters, rules).map((group) => [group.name, names(group.parameters)]);

describe("matchers", () => {
  it.each([
    ["scaleInvariant", scaleInvariant(), "conv.weight"],
    ["normalizationParameters", normalizationParameters(), "bn.weight bn.bias"],
    ["biases: not the shifts of norms", biases(), "conv.bias fc.bias"],
    ["lastLayer: weight and bias", lastLayer(), "fc.weight fc.bias"],
    ["named by its whole name", named("fc.weight"), "fc.weight"],
    ["named by a part of it", named("fc"), ""],
    ["named by a pattern", named(/^(bn|fc)\..*s$/), "bn.bias fc.bias"],
    ["not any of several", not(scaleInvariant(), biases()), "bn.weight bn.bias fc.weight"],
  ])("%s", (_, matches, expected) => {
    expect(names(parameters.filter((parameter) => matches(parameter, parameters)))).toBe(expected);
  });
});

describe("groupParameters", () => {
  it("without rules: everything is the rest", () => {
    expect(groups()).toEqual([["rest", "conv.weight conv.bias bn.weight bn.bias fc.weight fc.bias"]]);
  });

  it("gives a parameter to the first rule that takes it, and names no empty group", () => {
    expect(
      groups(
        { name: "last", match: lastLayer() },
        { name: "nothing", match: named("absent") },
        { name: "biases", match: biases() },
        { name: "free", match: scaleInvariant() },
      ),
    ).toEqual([
      ["last", "fc.weight fc.bias"],
      ["biases", "conv.bias"],
      ["free", "conv.weight"],
      ["rest", "bn.weight bn.bias"],
    ]);
  });

  it("leaves no rest where the rules take all", () => {
    expect(groups({ name: "all", match: () => true })).toHaveLength(1);
  });

  it("keeps a rule's numbers", () => {
    const [group] = groupParameters(parameters, [
      { name: "slow", match: lastLayer(), rateFactor: 0.1, weightDecay: 0 },
    ]);
    expect(group).toMatchObject({ rateFactor: 0.1, weightDecay: 0 });
  });
});
