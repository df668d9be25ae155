import { describe, expect, it } from "vitest";
import { Graph, Scope } from "../../src/graph/index.js";
import { networkOf } from "../../src/train/from-config.js";
import { parseRunConfig } from "../../src/train/index.js";

const models = ["vgg11", "vgg13", "vgg16", "vgg19"].concat(
  [18, 20, 32, 34, 44, 50, 56, 101, 110].map((depth) => `resnet${depth}`),
);

/** The weights of a named network: how many without those of shortcuts, and the size of the first kernel. */
function weightsOf(model: string, size = 32): { layers: number; kernel: number; names: readonly string[] } {
  const scope = new Scope(new Graph(), { training: true });
  networkOf(parseRunConfig({ model, width: 1 / 32 }), 10).apply(scope.graph.input("images", [1, 3, size, size]), scope);
  const weights = scope.parameters.filter(({ role }) => role === "weight");
  const names = weights.map(({ name }) => name);
  return {
    layers: names.filter((name) => !name.includes("downsample")).length,
    kernel: weights[0]!.value.shape[3]!,
    names,
  };
}

describe("a network that a configuration names", () => {
  it.each(models)("%s is as deep as its name says", (model) => {
    const depth = Number(/\d+$/.exec(model)![0]);
    expect(weightsOf(model).layers).toBe(model.startsWith("vgg") ? depth - 2 : depth); // one linear layer, not three
  });

  it("is He's for ImageNet with 18, 34, 50 or 101 layers, its stem as the images are", () => {
    expect(models.filter((model) => weightsOf(model).names.some((name) => name.startsWith("layer4.")))).toEqual(
      [18, 34, 50, 101].map((depth) => `resnet${depth}`),
    );
    expect(["resnet18", "resnet20"].map((model) => weightsOf(model, 64).kernel)).toEqual([3, 3]);
    expect(["resnet18", "resnet20"].map((model) => weightsOf(model, 65).kernel)).toEqual([7, 3]);
  });

  it.each(["vgg12", "resnet26", "resnet18-cifar"])("is not %s", (model) => {
    expect(() => parseRunConfig({ model })).toThrow(`resnet18, resnet34, resnet50, resnet101, resnet20,`);
    expect(() => parseRunConfig({ model })).toThrow(`got ${model}`);
  });
});
