import { describe, expect, it } from "vitest";
import { analyzeInvariance, type WeightInvariance } from "../../src/dynamics/index.js";
import { Graph, Scope } from "../../src/graph/index.js";
import { importOnnx, readOnnx } from "../../src/onnx/index.js";
import { type OracleVerdict, readOracle, zooModel } from "../support/zoo.js";

// Architectures as PyTorch 1.13 exports them (test/goldens/zoo/make.py), against a test by numbers in PyTorch that
// shares nothing with Normwise (test/goldens/zoo/oracle.py).

const oracle = readOracle();
const isText = (model: string): boolean => model === "bert" || model === "gpt";
/** Exports for evaluation that keep all normalizations as they are; in the others batch-norms became part of convolutions. */
const unfolded = new Set(["bert", "gpt", "vit_b_16", "swin_t", "convnext_tiny"]);

function analyse(file: string, model: string): WeightInvariance[] {
  const { bytes, external } = zooModel(file);
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  const input = isText(model) ? graph.input("input", [2, 12], "int64") : graph.input("input", [2, 3, 224, 224]);
  const { outputs, unknown } = importOnnx(readOnnx(bytes, { external }), scope, { inputs: { input } });
  expect(unknown).toEqual([]);
  return analyzeInvariance(Object.values(outputs), scope.parameters);
}

/** The analysis' answer in the oracle's words, which knows no joint invariance. */
function inItsWords({ invariance, withoutEffect, shape, axis }: WeightInvariance): string {
  if (withoutEffect) return "no effect";
  if (invariance === "joint") return "none";
  return invariance === "channel" && shape[axis] === 1 ? "tensor" : invariance;
}

const verdictOf = ({ effect, invariance }: OracleVerdict): string => (effect ? invariance : "no effect");

/** Σ pᵢ ⟨wᵢ, ∇wᵢ⟩ over a weight and its partners, relative to the sum without signs; by Euler nothing if they are joint. */
function jointSum(weight: WeightInvariance, truth: Readonly<Record<string, OracleVerdict>>): number {
  const terms = [{ name: weight.name, power: 1 }, ...weight.partners];
  return Math.max(
    ...[0, 1].map((cotangent) => {
      const products = terms.map(({ name, power }) => power * truth[name]!.euler[cotangent]!);
      const sum = products.reduce((total, product) => total + product, 0);
      return Math.abs(sum) / products.reduce((total, product) => total + Math.abs(product), 0);
    }),
  );
}

describe.each(Object.keys(oracle))("%s", (model) => {
  const truth = oracle[model]!;
  const files = model === "resnet18" ? [model, `${model}-opset11`, `${model}-opset17`] : [model];

  it.each(files)("%s, in training form: the analysis agrees on every parameter", { timeout: 300_000 }, (file) => {
    const found = analyse(`${file}.train`, model);
    const named = Object.fromEntries(found.map((weight) => [weight.name, inItsWords(weight)]));
    expect(named).toEqual(
      Object.fromEntries(Object.entries(truth).map(([name, verdict]) => [name, verdictOf(verdict)])),
    );
    for (const weight of found.filter(({ invariance, withoutEffect }) => invariance === "joint" && !withoutEffect)) {
      expect(jointSum(weight, truth), `${weight.name} with ${weight.partners.map(({ name }) => name)}`).toBeLessThan(
        1e-6,
      );
    }
  });

  it("in evaluation form, of the parameters that it still has", { timeout: 300_000 }, () => {
    const found = analyse(`${model}.eval`, model);
    const known = found.filter(({ name }) => truth[name] !== undefined);
    if (unfolded.has(model)) {
      expect(known).toHaveLength(Object.keys(truth).length);
      const agreed = known.map((weight) => [weight.name, verdictOf(truth[weight.name]!)]);
      expect(Object.fromEntries(known.map((weight) => [weight.name, inItsWords(weight)]))).toEqual(
        Object.fromEntries(agreed),
      );
      return;
    }
    // Batch-norms that follow no convolution stay (DenseNet's); what those that are gone absorbed, nothing does.
    for (const weight of known) {
      const own = inItsWords(weight);
      expect(["none", verdictOf(truth[weight.name]!)], weight.name).toContain(own);
    }
  });
});
