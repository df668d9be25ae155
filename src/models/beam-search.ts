import { assertArgument, ExecutionError } from "../core/index.js";
import { reserved } from "./translator.js";

/** Options of {@link beamSearch}. */
export interface BeamOptions {
  /** Unfinished translations that are kept of each sentence; 1, which is greedy decoding, by default. */
  readonly beam?: number;
  /**
   * α: a translation of n tokens, the end token included, is ranked by its log-probability over ((5 + n) / 6)^α
   * (Wu et al. 2016, arXiv 1609.08144, equation 14); 0.6 by default, 0 ranks by the probability itself.
   */
  readonly lengthPenalty?: number;
}

/** A translation that was found. */
export interface Hypothesis {
  /** Without start and end. */
  readonly tokens: readonly number[];
  /** Natural logarithm of the probability that the network gives it, its end included if it has one. */
  readonly logProbability: number;
}

/** The likeliest next tokens of each unfinished translation: row by row, equally many of each, the likeliest first. */
export interface NextTokens {
  readonly tokens: ArrayLike<number | bigint>;
  readonly logProbabilities: ArrayLike<number>;
}

/**
 * Asks the network to go on.
 *
 * @param tokens The last token of each row; sentence s has the rows from s · beam on.
 * @param parents Which row of the step before each row continues.
 * @param position How many tokens came before `tokens`.
 * @returns At least beam + 1 tokens of each row, or the whole vocabulary.
 */
export type AskNext = (tokens: Int32Array, parents: Int32Array, position: number) => Promise<NextTokens>;

interface Unfinished extends Hypothesis {
  readonly row: number;
}

/**
 * The best translation that a beam search finds for each of some sentences, ranked as {@link BeamOptions} say. A
 * translation of `length` tokens ends there. A sentence is done when nothing unfinished can overtake the best finished
 * translation, so that a beam as wide as there are beginnings finds the best translation of all.
 *
 * @param sentences Rows of the batch; those from `real` on stand for no sentence and give nothing.
 * @throws InvalidArgumentError unless the beam is a positive integer and the penalty is not negative.
 */
export async function beamSearch(
  ask: AskNext,
  {
    sentences,
    real = sentences,
    length,
  }: { readonly sentences: number; readonly real?: number; readonly length: number },
  { beam = 1, lengthPenalty = 0.6 }: BeamOptions = {},
): Promise<Hypothesis[]> {
  assertArgument(Number.isInteger(beam) && beam > 0, "beamSearch", "a positive integer beam", beam);
  assertArgument(lengthPenalty >= 0, "beamSearch", "a length penalty ≥ 0", lengthPenalty);
  const rank = (logProbability: number, n: number): number => logProbability / ((5 + n) / 6) ** lengthPenalty;
  const best = new Array<{ readonly found: Hypothesis; readonly ranked: number } | undefined>(real);
  let unfinished: Unfinished[][] = Array.from({ length: real }, (_, sentence) => [
    { tokens: [], logProbability: 0, row: sentence * beam },
  ]);

  function finish(sentence: number, found: Hypothesis, n: number): void {
    const ranked = rank(found.logProbability, n);
    if (ranked > (best[sentence]?.ranked ?? Number.NEGATIVE_INFINITY)) best[sentence] = { found, ranked };
  }

  /** What continues the hypotheses of a sentence best; what ends is finished on the way. */
  function advance(sentence: number, { tokens, logProbabilities }: NextTokens): Unfinished[] {
    const each = tokens.length / (sentences * beam);
    const candidates = unfinished[sentence]!.flatMap((hypothesis) =>
      Array.from({ length: each }, (_, place) => {
        const at = hypothesis.row * each + place;
        const logProbability = hypothesis.logProbability + logProbabilities[at]!;
        return { hypothesis, token: Number(tokens[at]), logProbability };
      }),
    );
    candidates.sort((a, b) => b.logProbability - a.logProbability);
    const going: Unfinished[] = [];
    for (const { hypothesis, token, logProbability } of candidates) {
      if (going.length === beam) break;
      const { tokens: before, row } = hypothesis;
      if (token === reserved.end) finish(sentence, { tokens: before, logProbability }, before.length + 1);
      else going.push({ tokens: [...before, token], logProbability, row });
    }
    const hope = rank(going[0]?.logProbability ?? Number.NEGATIVE_INFINITY, length);
    return hope > (best[sentence]?.ranked ?? Number.NEGATIVE_INFINITY) ? going : [];
  }

  for (let position = 0; position < length && unfinished.some((some) => some.length > 0); position++) {
    const tokens = new Int32Array(sentences * beam).fill(position === 0 ? reserved.start : reserved.end);
    const parents = Int32Array.from(tokens, (_, row) => row);
    if (position > 0) {
      unfinished = unfinished.map((some, sentence) =>
        some.map((hypothesis, place) => {
          const row = sentence * beam + place;
          tokens[row] = hypothesis.tokens.at(-1)!;
          parents[row] = hypothesis.row;
          return { ...hypothesis, row };
        }),
      );
    }
    const next = await ask(tokens, parents, position);
    unfinished = unfinished.map((some, sentence) => (some.length === 0 ? some : advance(sentence, next)));
  }
  for (const [sentence, some] of unfinished.entries()) for (const one of some) finish(sentence, one, length);
  return Array.from(best, (one, sentence) => {
    if (one) return { tokens: one.found.tokens, logProbability: one.found.logProbability };
    // Comparisons with NaN are all false, so that no hypothesis was ever the likeliest.
    throw new ExecutionError(`translate: expected finite scores, got NaN in sentence ${sentence} of the batch`);
  });
}
