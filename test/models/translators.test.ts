import { describe, expect, it } from "vitest";
import { scalar, type Tensor, tensor } from "../../src/core/index.js";
import { special } from "../../src/data/index.js";
import { Graph, Scope } from "../../src/graph/index.js";
import { decodingPrograms, lstmTranslator, reserved, type Translator, transformer } from "../../src/models/index.js";
import { noiseFeeds } from "../../src/nn/index.js";
import { boundedWeightNorm, layerNorm, rmsNorm, weightNorm } from "../../src/norm/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { checkBuiltGradient } from "../support/gradient-check.js";
import { numbers } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";

const vocabulary = 7;
const small = { vocabulary, width: 4, layers: 2, heads: 2, feedForward: 6 };
const translators: Readonly<Record<string, Translator>> = {
  "transformer, pre-norm": transformer(small),
  "transformer, post-norm": transformer({ ...small, preNorm: false }),
  "transformer, RMS norm, not tied": transformer({ ...small, norm: () => rmsNorm(), tied: false }),
  "transformer, weight norm, no norm": transformer({ ...small, norm: "none", weightNorm: weightNorm() }),
  "transformer, bounded weight norm": transformer({ ...small, norm: "none", weightNorm: boundedWeightNorm() }),
  lstm: lstmTranslator({ vocabulary, width: 4 }),
  "lstm, layer norm": lstmTranslator({ vocabulary, width: 4, norm: () => layerNorm() }),
  "lstm, weight norm, not tied": lstmTranslator({ vocabulary, width: 4, weightNorm: weightNorm(), tied: false }),
  "lstm, bounded weight norm": lstmTranslator({ vocabulary, width: 4, weightNorm: boundedWeightNorm() }),
};
const [rows, sourceLength, targetLength] = [2, 5, 4];
const source = tensor([4, 5, 3, 6, 2, 6, 2, 0, 0, 0], [rows, sourceLength], "int32");
const target = tensor([1, 3, 5, 4, 1, 6, 6, 3], [rows, targetLength], "int32");

/** The scores of every next token, in a graph, and random values for all that it needs. */
function teacherForced(network: Translator, training = false) {
  const graph = new Graph();
  const scope = new Scope(graph, { training });
  const read = graph.input("source", source.shape, "int32");
  const logits = network
    .open(scope)
    .encode(read)
    .logits(graph.input("target", target.shape, "int32"));
  const weights: Record<string, Tensor> = {};
  for (const { name, role, value } of scope.parameters) {
    weights[name] = normal(name, value.shape, role === "gain" ? 1 : 0, 0.5);
  }
  for (const { name, value } of scope.buffers) weights[name] = normal(name, value.shape, 1, 0.1);
  return { graph, logits, weights };
}

describe.each(Object.entries(translators))("%s", (_name, network) => {
  it("has the right gradient by all parameters, dropout on", () => {
    const { graph, logits, weights } = teacherForced(network, true);
    const noise = noiseFeeds(graph, 1, 1);
    const inputs = Object.fromEntries(graph.inputs);
    const wanted = Object.keys(weights);
    checkBuiltGradient(
      { source, target, ...noise, ...weights },
      { graph, inputs, output: logits },
      { wanted, tolerance: 1e-5 },
    );
  });

  it("scores step by step what it scores at once", async () => {
    const { logits, weights } = teacherForced(network);
    const expected = numbers(logits, { source, target, ...weights })[0]!;
    const shape = { sentences: rows, sourceLength, length: targetLength, beam: 1 };
    const { encode, step } = decodingPrograms(network, { ...shape, beam: 1 });
    const runtime = referenceRuntime();
    const state = await runtime.createState(weights);
    await (await runtime.load(encode)).run({ source }, { state });
    const session = await runtime.load(step);
    for (let position = 0; position < targetLength; position++) {
      const tokens = tensor(
        Array.from({ length: rows }, (_, row) => Number(target.data[row * targetLength + position])),
        [rows],
        "int32",
      );
      const next = await session.run({ tokens, position: scalar(position, "int32") }, { state });
      for (let row = 0; row < rows; row++) {
        const at = (row * targetLength + position) * vocabulary;
        const scores = expected.slice(at, at + vocabulary);
        const logSum = Math.log(scores.reduce((sum, z) => sum + Math.exp(z), 0));
        const allowed = scores.map((z, token) => ({ token, logProbability: z - logSum }));
        const best = allowed
          .filter(({ token }) => token !== reserved.pad && token !== reserved.start)
          .sort((a, b) => b.logProbability - a.logProbability)
          .slice(0, 2);
        const got = [0, 1].map((place) => ({
          token: Number(next.likely!.data[row * 2 + place]),
          logProbability: expect.closeTo(Number(next.logProbabilities!.data[row * 2 + place]), 10) as number,
        }));
        expect(best).toEqual(got);
      }
    }
  });

  it("does not see how much padding follows a sentence", () => {
    const { logits, weights } = teacherForced(network);
    const before = numbers(logits, { source, target, ...weights })[0]!;
    const graph = new Graph();
    const shorter = tensor([6, 2], [1, 2], "int32");
    const opened = network.open(new Scope(graph, { training: false }));
    const read = opened.encode(graph.input("source", shorter.shape, "int32"));
    const alone = read.logits(graph.input("target", [1, targetLength], "int32"));
    const second = tensor(target.data.slice(targetLength), [1, targetLength], "int32");
    const got = numbers(alone, { source: shorter, target: second, ...weights })[0]!;
    expect(got).toEqual(before.slice(targetLength * vocabulary).map((value) => expect.closeTo(value, 10)));
  });
});

it("reserved tokens are those of the data's vocabularies", () => {
  expect(special).toMatchObject(reserved);
});

it("the Transformer's parameters are named as PyTorch names them", () => {
  const scope = new Scope(new Graph(), { training: true });
  const opened = transformer({ ...small, layers: 1 }).open(scope);
  const input = (name: string) => scope.graph.input(name, [1, 2], "int32");
  opened.encode(input("source")).logits(input("target"));
  const layer = (side: string, parts: string[]): string[] =>
    parts.flatMap((part) => [`${side}.${part}.weight`, `${side}.${part}.bias`]);
  const attention = (side: string): string[] => [
    `${side}.in_proj_weight`,
    `${side}.in_proj_bias`,
    `${side}.out_proj.weight`,
    `${side}.out_proj.bias`,
  ];
  const [encoder, decoder] = ["encoder.layers.0", "decoder.layers.0"];
  expect(scope.parameters.map(({ name }) => name).sort()).toEqual(
    [
      "embedding.weight",
      ...attention(`${encoder}.self_attn`),
      ...attention(`${decoder}.self_attn`),
      ...attention(`${decoder}.multihead_attn`),
      ...layer(encoder, ["linear1", "linear2", "norm1", "norm2"]),
      ...layer(decoder, ["linear1", "linear2", "norm1", "norm2", "norm3"]),
      ...layer("encoder", ["norm"]),
      ...layer("decoder", ["norm"]),
    ].sort(),
  );
});
