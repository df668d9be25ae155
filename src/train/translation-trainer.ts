import { assertArgument } from "../core/index.js";
import {
  batchShapes,
  evaluationTextBatches,
  type TextBatchShape,
  type TokenPairs,
  trainingTextBatches,
} from "../data/index.js";
import { Graph, type Runtime, type State } from "../graph/index.js";
import type { Translator } from "../models/index.js";
import { checkTraining } from "./check-training.js";
import { closing } from "./closing.js";
import { trainingEngine } from "./engine.js";
import { type EpochEnd, epochBasics } from "./epoch-record.js";
import { networkScope } from "./network-scope.js";
import type { EpochBasics, Progress } from "./records.js";
import { type LoopEvent, trainingLoop, type Verdict } from "./training-loop.js";
import { engineOptionsOf, type TrainingOptions } from "./training-options.js";
import { translationStepBatches } from "./translation-batches.js";
import { translationEvaluator } from "./translation-evaluation.js";
import { translation } from "./translation-objective.js";

/** A line of the log: an epoch of translation. */
export interface TranslationEpochRecord extends EpochBasics {
  /** Mean cross-entropy per token of the validation translations, in nats, without smoothing; absent without any. */
  readonly validationLoss?: number;
  /** Training speed over the epoch, padding not counted. Differs from run to run. */
  readonly tokensPerSecond: number;
}

/** What to train, on what, and how. */
export interface TranslationTrainOptions extends TrainingOptions<TranslationEpochRecord> {
  readonly network: Translator;
  readonly pairs: TokenPairs;
  /** Evaluated after each epoch; chooses the best checkpoint. */
  readonly validation?: TokenPairs;
  readonly runtime: Runtime;
  /** Sizes of the batches; {@link batchShapes} of the pairs with 2,500 tokens each by default. */
  readonly shapes?: readonly TextBatchShape[];
  /** How much of each label's probability is spread over the vocabulary; 0.1 by default. */
  readonly smoothing?: number;
  /** Told after each step; items are target tokens. */
  readonly onStep?: (event: LoopEvent) => void;
}

/** A finished or interrupted training. Call {@link TranslationResult.close} when done with it. */
export interface TranslationResult {
  readonly epochs: readonly TranslationEpochRecord[];
  readonly progress: Progress;
  readonly interrupted: boolean;
  /** Holds the parameters, and the optimizer's kept tensors. */
  readonly state: State;
  /** Frees the state; the runtime stays open. */
  close(): Promise<void>;
}

/** The sizes of the batches by default: each shape costs a compiled graph, each token memory. */
export const translationShapes = (pairs: TokenPairs, tokens = 2500): TextBatchShape[] =>
  batchShapes(pairs, { tokens, count: 8, longest: 60 });

/**
 * Trains a translator by minimizing the smoothed cross-entropy per token. Deterministic as `train` is, dropout included.
 *
 * @throws InvalidArgumentError for options out of range.
 * @throws NonFiniteError when the loss is not finite.
 */
export async function trainTranslator(options: TranslationTrainOptions): Promise<TranslationResult> {
  const { network, pairs, validation, runtime, precision, seed = 1, smoothing = 0.1 } = options;
  const { shapes = translationShapes(pairs) } = options;
  assertArgument(smoothing >= 0 && smoothing < 1, "trainTranslator", "a smoothing in [0, 1)", smoothing);
  const objective = translation(network, { smoothing });
  const text = trainingTextBatches(pairs, { shapes, seed });
  const { rows, sourceLength, targetLength } = shapes[0]!;
  const scope = networkScope(new Graph(), { training: true });
  // `open` declares but a part of the parameters.
  const { loss } = objective.apply(scope, [rows, sourceLength, targetLength]);
  checkTraining(options, text.batchesPerEpoch, scope.parameters, loss);

  const held = closing();
  const state = await held.open(() => runtime.createState({}));
  const judge = await held.open(() => translationEvaluator(runtime, network, precision));
  const engine = await held.open(() =>
    trainingEngine(runtime, state, {
      ...engineOptionsOf(options),
      objective,
      shape: [rows, sourceLength, targetLength],
    }),
  );
  const source = await held.open(() => translationStepBatches(text, objective, seed));
  const judged = validation && evaluationTextBatches(validation, { shapes });
  try {
    const ended = await trainingLoop({
      ...options,
      engine,
      state,
      source,
      record: translationRecord,
      ...(judged
        ? {
            async evaluate() {
              const { loss } = await judge.evaluate(state, judged);
              return { loss, score: -loss };
            },
          }
        : {}),
    });
    await held.close(source, engine, judge);
    const { epochs, progress, interrupted } = ended;
    return { epochs, progress, interrupted, state, close: () => held.close() };
  } catch (error) {
    await held.close();
    throw error;
  }
}

function translationRecord(end: EpochEnd<Verdict & { readonly loss: number }>): TranslationEpochRecord {
  return {
    ...epochBasics(end),
    ...(end.verdict ? { validationLoss: end.verdict.loss } : {}),
    tokensPerSecond: end.itemsPerSecond,
  };
}
