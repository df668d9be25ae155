import type { TextBatchSource } from "../data/index.js";
import { Graph, mul, type Precision, type Program, type Runtime, type Session, type State } from "../graph/index.js";
import type { Translator } from "../models/index.js";
import { networkScope } from "./network-scope.js";
import type { BatchShape } from "./objective.js";
import { translationStepBatch } from "./translation-batches.js";
import { translation } from "./translation-objective.js";

/** How well a network foretells the tokens of given translations. */
export interface TranslationVerdict {
  /** Mean cross-entropy per token, in nats, without label smoothing. */
  readonly loss: number;
  readonly tokens: number;
}

/** Evaluates the parameters in a state. */
export interface TranslationEvaluator {
  /** The loss over all batches of an epoch of the source. */
  evaluate(state: State, source: TextBatchSource): Promise<TranslationVerdict>;
  /** Frees the sessions; the state is left. */
  close(): Promise<void>;
}

/** Outputs `lossSum` over the tokens of a batch, in nats, and `tokens`, in evaluation mode. */
export function translationLossProgram(network: Translator, shape: BatchShape, precision?: Precision): Program {
  const graph = new Graph();
  const scope = networkScope(graph, { training: false, ...(precision ? { precision } : {}) });
  const { loss, counts } = translation(network, { smoothing: 0 }).apply(scope, shape);
  return { graph, outputs: { lossSum: mul(loss, counts.tokens!), tokens: counts.tokens! } };
}

/** Prepares evaluation; each shape of batch has a program, made when it first comes. */
export function translationEvaluator(
  runtime: Runtime,
  network: Translator,
  precision?: Precision,
): TranslationEvaluator {
  const sessions = new Map<string, Promise<Session>>();
  return {
    async evaluate(state, source) {
      let [lossSum, tokens] = [0, 0];
      for (let index = 0; index < source.batchesPerEpoch; index++) {
        const { shape, feeds } = translationStepBatch(await source.batch(0, index));
        const session = sessions.get(shape.join()) ?? runtime.load(translationLossProgram(network, shape, precision));
        sessions.set(shape.join(), session);
        const sums = await (await session).run(feeds, { state });
        lossSum += Number(sums.lossSum!.data[0]);
        tokens += Number(sums.tokens!.data[0]);
      }
      return { loss: lossSum / tokens, tokens };
    },
    async close() {
      const opened = await Promise.allSettled(sessions.values());
      for (const result of opened) if (result.status === "fulfilled") await result.value.close();
    },
  };
}
