import type { Scope, Value } from "../graph/index.js";

/** Tokens with a meaning of their own, the same in every vocabulary: what `special` of the data's vocabularies says. */
export const reserved = { pad: 0, start: 1, end: 2 } as const;

/** Values by name; all have the batch as their first axis. */
export type NamedValues = Readonly<Record<string, Value>>;

/** A network that reads a sentence and writes one, token by token. */
export interface Translator {
  /** What it is, for messages. */
  readonly kind: string;
  /** Tokens that it reads and writes: the integers below, the first of them {@link reserved}. */
  readonly vocabulary: number;
  /** Declares parameters; others are declared where they are first used, by what is opened. */
  open(scope: Scope): OpenTranslator;
}

/** A translator in a graph. */
export interface OpenTranslator {
  /** Reads sentences [N, S], int32, each followed by padding. */
  encode(source: Value): EncodedSentences;
  /**
   * Scores what may come next in each of B unfinished sentences.
   *
   * @param tokens The last token of each, [B] int32; at first the start token.
   * @param position How many tokens came before those, an int32 scalar.
   * @param memory What {@link EncodedSentences.memory} gave, a row for each unfinished sentence.
   * @param carried What {@link EncodedSentences.carried} or the step before gave, likewise.
   */
  step(tokens: Value, position: Value, memory: NamedValues, carried: NamedValues): DecodingStep;
}

/** Sentences that were read. */
export interface EncodedSentences {
  /** Scores of every next token, [N, T, vocabulary], given the tokens up to it: [N, T] int32, the start token first. */
  logits(target: Value): Value;
  /** What each decoding step reads. */
  memory(): NamedValues;
  /** What each decoding step reads and replaces, before the first; with room for `length` tokens. */
  carried(length: number): NamedValues;
}

/** What a decoding step gives. */
export interface DecodingStep {
  /** Scores of the next token, [B, vocabulary]. */
  readonly logits: Value;
  readonly carried: NamedValues;
}
