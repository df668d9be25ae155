import { assertArgument } from "../../core/index.js";
import { assertCount } from "../batch-options.js";
import { learnMerges, type Merges, merged, pairOf } from "./learn-merges.js";
import { unknownSign, wordMark, wordsOf } from "./words.js";

/** Ids that every vocabulary begins with. */
export const special = { pad: 0, start: 1, end: 2, unknown: 3 } as const;

/** The names of the special tokens, by id. No text is ever encoded as one: `"<s>"` is three characters. */
export const specialTokens: readonly string[] = ["<pad>", "<s>", "</s>", "<unk>"];

/** Subword tokens: numbers for texts, and texts for numbers. */
export interface Vocabulary {
  /** The token of each id; the {@link specialTokens} first. */
  readonly tokens: readonly string[];
  /** The ids of a text, without start and end; a character that the vocabulary was not learned from is `<unk>`. */
  encode(text: string): number[];
  /**
   * The text of ids, up to the first `</s>`; `<pad>` and `<s>` stand for nothing, `<unk>` for {@link unknownSign}.
   * `decode(encode(text))` is the text, character for character, if it has no unknown ones.
   *
   * @throws InvalidArgumentError if an id is no token's.
   */
  decode(ids: Iterable<number>): string;
  /** What `JSON.stringify` writes and `parseVocabulary` reads. */
  toJSON(): Merges;
}

/**
 * Learns a vocabulary of subwords from lines of text by byte-pair encoding ({@link learnMerges}, inside
 * {@link wordsOf}). A joint vocabulary comes of the lines of both languages, separate ones of each language's own.
 * Its size is 4 + characters + merges, less by a few when different merges give the same token.
 *
 * @throws InvalidArgumentError if `merges` is no count.
 * @example
 * const vocabulary = learnVocabulary([...text.source, ...text.target], { merges: 8000 });
 */
export function learnVocabulary(lines: Iterable<string>, { merges }: { readonly merges: number }): Vocabulary {
  assertCount("learnVocabulary", "merges", merges, 0);
  const counts = new Map<string, number>();
  for (const line of lines) {
    for (const word of wordsOf(line)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return vocabulary(learnMerges(counts, merges));
}

/** So many words are remembered with their ids; frequent ones come again soon. */
const mostRemembered = 1 << 17;

/** The vocabulary of characters and merges. Each merge is of tokens before it, which `parseVocabulary` checks. */
export function vocabulary({ alphabet, merges }: Merges): Vocabulary {
  const tokens = [...specialTokens, ...alphabet];
  const idOf = new Map(alphabet.map((character, place) => [character, specialTokens.length + place]));
  const rules = new Map<number, { readonly rank: number; readonly id: number }>();
  for (const [rank, [left, right]] of merges.entries()) {
    const token = left + right;
    if (!idOf.has(token)) idOf.set(token, tokens.push(token) - 1);
    rules.set(pairOf(idOf.get(left)!, idOf.get(right)!), { rank, id: idOf.get(token)! });
  }
  const remembered = new Map<string, readonly number[]>();

  function encodeWord(characters: readonly string[]): number[] {
    let ids = characters.map((character) => idOf.get(character) ?? special.unknown);
    for (;;) {
      let first: { readonly rank: number; readonly id: number } | undefined;
      let at = -1;
      for (let i = 0; i + 1 < ids.length; i++) {
        const rule = rules.get(pairOf(ids[i]!, ids[i + 1]!));
        if (rule !== undefined && (first === undefined || rule.rank < first.rank)) [first, at] = [rule, i];
      }
      if (first === undefined) return ids;
      ids = merged(ids, ids[at]!, ids[at + 1]!, first.id);
    }
  }

  function idsOfWord(word: string): readonly number[] {
    const known = remembered.get(word);
    if (known !== undefined) return known;
    const ids = encodeWord([...word]);
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(word, ids);
    return ids;
  }

  return {
    tokens,
    encode: (text) => wordsOf(text).flatMap(idsOfWord),
    decode(ids) {
      let text = "";
      for (const id of ids) {
        const exists = Number.isInteger(id) && id >= 0 && id < tokens.length;
        assertArgument(exists, "decode", `ids in [0, ${tokens.length})`, id);
        if (id === special.end) break;
        if (id === special.unknown) text += unknownSign;
        else if (id > special.unknown) text += tokens[id];
      }
      const spaced = text.replaceAll(wordMark, " ");
      return spaced.startsWith(" ") ? spaced.slice(1) : spaced;
    },
    toJSON: () => ({ alphabet, merges }),
  };
}
