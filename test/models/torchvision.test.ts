import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { numbersOf, type Shape, sizeOf, tensor } from "../../src/core/index.js";
import { Graph, gradients, Scope, type Value } from "../../src/graph/index.js";
import { resnet } from "../../src/models/index.js";
import { mean, softmaxCrossEntropy } from "../../src/nn/index.js";
import { evaluate } from "../../src/reference/index.js";
import { goldenInitial, hashes, type Summary, summaryDistance, uniformHashes } from "../support/golden-values.js";

/** What torchvision makes of two images: `test/goldens/torchvision/make.py`. */
interface Golden {
  readonly seed: number;
  readonly images: Shape;
  readonly classes: number;
  readonly loss: number;
  readonly logits: readonly number[];
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly gradients: Readonly<Record<string, Summary>>;
}

describe.each([18, 50])("resnet %d against torchvision's", (depth) => {
  const golden: Golden = JSON.parse(
    readFileSync(new URL(`../goldens/torchvision/resnet${depth}.json`, import.meta.url), "utf8"),
  );
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  const network = resnet({ depth, classes: golden.classes, stem: "imagenet" });
  const logits = network.apply(graph.input("images", golden.images), scope);

  it("has the same tensors by the same names, parameters in the same order", () => {
    const own = [...scope.parameters, ...scope.buffers].map(({ name, value }) => [name, value.shape]);
    expect(Object.fromEntries(own)).toEqual(golden.shapes);
    expect(scope.parameters.map(({ name }) => name)).toEqual(Object.keys(golden.gradients));
  });

  it("has the same output, loss and gradients in float64 to 1e-9", { timeout: 300_000 }, () => {
    const { seed, images, classes } = golden;
    const batch = images[0]!;
    const { parameters, buffers } = scope;
    const loss = mean(softmaxCrossEntropy(logits, graph.input("labels", [batch], "int32")));
    const slopes = gradients(
      loss,
      parameters.map(({ value }) => value),
    ) as Value[];
    const [ownLogits, ownLoss, ...own] = evaluate([logits, loss, ...slopes], {
      images: tensor(Float32Array.from(uniformHashes(`${seed}/images`, sizeOf(images))), images),
      labels: tensor(
        Int32Array.from(hashes(`${seed}/labels`, batch), (hash) => hash % classes),
        [batch],
        "int32",
      ),
      ...Object.fromEntries(
        [...parameters, ...buffers].map(({ name, value }) => [name, goldenInitial(seed, name, value.shape)]),
      ),
    }).map((values) => numbersOf(values));
    expect(Math.abs(ownLoss![0]! / golden.loss - 1)).toBeLessThan(1e-9);
    expect(Math.max(...ownLogits!.map((value, i) => Math.abs(value - golden.logits[i]!)))).toBeLessThan(1e-9);
    for (const [index, { name }] of parameters.entries()) {
      const summary = golden.gradients[name]!;
      expect(summary.norm, name).toBeGreaterThan(1e-6);
      expect(summaryDistance(name, own[index]!, summary, summary.norm), name).toBeLessThan(1e-9);
    }
  });
});
