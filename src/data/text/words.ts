/** Stands for a space inside tokens, and before the first word, as in SentencePiece: U+2581. */
export const wordMark = "▁";

/** What an unknown character is decoded as, as in SentencePiece: U+2047. */
export const unknownSign = "⁇";

/**
 * Splits a text into the stretches that tokens never cross: letters, digits or other signs, each with the space before
 * it, written {@link wordMark}. The first stretch has a mark too, so that a word is the same at the start of a
 * sentence. A second space in a row stands alone.
 *
 * Joined again, with spaces for marks, they are the text behind one space: nothing is lost. A text's own mark could not
 * be told from a space, and becomes {@link unknownSign}.
 *
 * @example
 * wordsOf("Ein Hund, 12 m."); // ["▁Ein", "▁Hund", ",", "▁12", "▁m", "."]
 */
export function wordsOf(text: string): string[] {
  if (text === "") return [];
  const marked = text.replaceAll(wordMark, unknownSign).replaceAll(" ", wordMark);
  return `${wordMark}${marked}`.match(stretches) ?? [];
}

const stretches = /▁?(?:[\p{L}\p{M}]+|\p{N}+|[^\p{L}\p{M}\p{N}▁]+)|▁/gu;
