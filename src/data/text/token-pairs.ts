import { assertArgument } from "../../core/index.js";
import type { ParallelText } from "./parallel-text.js";
import type { Vocabulary } from "./vocabulary.js";

/** Sentences and their translations as token ids, without start and end. */
export interface TokenPairs {
  readonly source: readonly (readonly number[])[];
  readonly target: readonly (readonly number[])[];
}

/** A vocabulary for each side; the same twice if it is joint. */
export interface VocabularyPair {
  readonly source: Vocabulary;
  readonly target: Vocabulary;
}

/** Encodes both sides of a parallel text. */
export function tokenPairs(text: ParallelText, { source, target }: VocabularyPair): TokenPairs {
  return {
    source: text.source.map((sentence) => source.encode(sentence)),
    target: text.target.map((sentence) => target.encode(sentence)),
  };
}

/** How long the rows of a batch must be for a pair: a source row ends with `</s>`, a target row begins with `<s>`. */
export interface PairLength {
  readonly sourceLength: number;
  readonly targetLength: number;
}

/**
 * The lengths of all pairs.
 * @throws InvalidArgumentError if there is none, or one side has more sentences.
 */
export function pairLengths(where: string, { source, target }: TokenPairs): PairLength[] {
  const even = source.length > 0 && source.length === target.length;
  assertArgument(even, where, "as many target as source sentences, and one at least", [source.length, target.length]);
  return source.map((ids, row) => ({ sourceLength: ids.length + 1, targetLength: target[row]!.length + 1 }));
}
