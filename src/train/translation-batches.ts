import type { TextBatch, TextBatchSource } from "../data/index.js";
import { Graph } from "../graph/index.js";
import { noiseFeeds } from "../nn/index.js";
import { networkScope } from "./network-scope.js";
import type { BatchShape, Objective, StepBatch, StepBatchSource } from "./objective.js";

/** A batch of text as a step of the translation objective takes it. */
export function translationStepBatch({ source, target, expected, tokens }: TextBatch): StepBatch {
  return {
    shape: [source.shape[0]!, source.shape[1]!, target.shape[1]!],
    feeds: { source, target, expected },
    items: tokens,
  };
}

/** A source of text batches as one of step batches, with the noise that the objective's dropout asks for. */
export function translationStepBatches(source: TextBatchSource, objective: Objective, seed: number): StepBatchSource {
  const graphs = new Map<string, Graph>();
  const graphOf = (shape: BatchShape): Graph => {
    const known = graphs.get(shape.join());
    if (known) return known;
    const graph = new Graph();
    objective.apply(networkScope(graph, { training: true }), shape);
    graphs.set(shape.join(), graph);
    return graph;
  };
  const { batchesPerEpoch } = source;
  return {
    batchesPerEpoch,
    async batch(epoch, index) {
      const { shape, feeds, items } = translationStepBatch(await source.batch(epoch, index));
      const noise = noiseFeeds(graphOf(shape), seed, epoch * batchesPerEpoch + index);
      return { shape, feeds: { ...feeds, ...noise }, items };
    },
    close: () => source.close(),
  };
}
