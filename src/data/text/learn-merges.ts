import { mostFrequentFirst } from "./most-frequent-first.js";

/** Two tokens that become one. */
export type Merge = readonly [left: string, right: string];

/** The characters and merges of a byte-pair encoding. */
export interface Merges {
  /** Every character of the words, ordered by code point. */
  readonly alphabet: readonly string[];
  /** In the order in which they were learned, which is the order in which they apply. */
  readonly merges: readonly Merge[];
}

/**
 * Learns a byte-pair encoding (Sennrich, Haddow and Birch 2016, arXiv:1508.07909, §3.2): starting from characters, the
 * most frequent pair of neighbours inside words becomes one token, again and again. Pairs of equal count go in the
 * order in which their tokens were made. Ends early when no pair occurs twice.
 *
 * Each step touches only the words that hold the pair, so the time grows with the number of different words.
 *
 * @param words How often each word occurs.
 */
export function learnMerges(words: ReadonlyMap<string, number>, count: number): Merges {
  const alphabet = [...new Set([...words.keys()].flatMap((word) => [...word]))].sort(
    (a, b) => a.codePointAt(0)! - b.codePointAt(0)!,
  );
  const tokens = [...alphabet];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const split = [...words.keys()].map((word) => [...word].map((character) => idOf.get(character)!));
  const frequencies = [...words.values()];
  const counts = new Map<number, number>();
  const holders = new Map<number, Set<number>>();
  const queue = mostFrequentFirst(counts);

  /** Adds a word's pairs to the counts, or with sign −1 takes them out. */
  function tally(word: number, sign: 1 | -1, changed: Set<number>): void {
    const ids = split[word]!;
    for (let i = 0; i + 1 < ids.length; i++) {
      const pair = pairOf(ids[i]!, ids[i + 1]!);
      counts.set(pair, (counts.get(pair) ?? 0) + sign * frequencies[word]!);
      changed.add(pair);
      if (sign < 0) continue; // a word that lost the pair may stay among its holders: it is then merged to itself
      const held = holders.get(pair);
      if (held) held.add(word);
      else holders.set(pair, new Set([word]));
    }
  }

  const all = new Set<number>();
  for (let word = 0; word < split.length; word++) tally(word, 1, all);
  for (const pair of all) queue.push(pair);

  const merges: Merge[] = [];
  while (merges.length < count) {
    const pair = queue.pop();
    if (pair === undefined || counts.get(pair)! < 2) break;
    const [left, right] = idsOf(pair);
    const token = `${tokens[left]}${tokens[right]}`;
    merges.push([tokens[left]!, tokens[right]!]);
    if (!idOf.has(token)) idOf.set(token, tokens.push(token) - 1); // "abc" may come of "ab" + "c" and of "a" + "bc"
    const changed = new Set<number>();
    for (const word of holders.get(pair)!) {
      tally(word, -1, changed);
      split[word] = merged(split[word]!, left, right, idOf.get(token)!);
      tally(word, 1, changed);
    }
    holders.delete(pair);
    for (const each of changed) queue.push(each);
  }
  return { alphabet, merges };
}

/** Two ids as one number, ordered as the ids are; exact below 2²⁶ tokens. */
export function pairOf(left: number, right: number): number {
  return left * 2 ** 26 + right;
}

/** Inverse of {@link pairOf}. */
function idsOf(pair: number): [left: number, right: number] {
  return [Math.floor(pair / 2 ** 26), pair % 2 ** 26];
}

/** The ids with each (left, right), taken from the left, made one. */
export function merged(ids: readonly number[], left: number, right: number, id: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      result.push(id);
      i++;
    } else {
      result.push(ids[i]!);
    }
  }
  return result;
}
