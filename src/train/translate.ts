import { evaluationTextBatches, type TextBatchShape, type Vocabulary } from "../data/index.js";
import type { Runtime, Tensors } from "../graph/index.js";
import { type DecoderOptions, openDecoder, type Translator } from "../models/index.js";

/** Options of {@link translateSentences}. */
export interface TranslateOptions extends DecoderOptions {
  /** A vocabulary for each side. */
  readonly source: Vocabulary;
  readonly target: Vocabulary;
  /** Sizes of the batches; see {@link evaluationTextBatches}. The target's lengths do not matter. */
  readonly shapes: readonly TextBatchShape[];
}

/** Translates sentences with the given weights; in the order of the sentences. */
export async function translateSentences(
  runtime: Runtime,
  network: Translator,
  weights: Tensors,
  sentences: readonly string[],
  { source, target, shapes, ...options }: TranslateOptions,
): Promise<string[]> {
  const ids = sentences.map((sentence) => source.encode(sentence));
  const batches = evaluationTextBatches({ source: ids, target: ids.map(() => []) }, { shapes });
  const decoder = await openDecoder(runtime, network, weights, options);
  const translations = new Array<string>(sentences.length);
  try {
    for (let index = 0; index < batches.batchesPerEpoch; index++) {
      const { source: rows, size, rows: places } = await batches.batch(0, index);
      const found = await decoder.translate(rows, size);
      for (const [row, { tokens }] of found.entries()) translations[places[row]!] = target.decode(tokens);
    }
  } finally {
    await decoder.close();
  }
  return translations;
}
