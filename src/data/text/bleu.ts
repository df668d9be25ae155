import { assertArgument } from "../../core/index.js";
import { tokenize13a } from "./tokenize-13a.js";

/** A corpus's BLEU, and what it is made of. */
export interface BleuScore {
  /** BLEU, from 0 to 100. */
  readonly score: number;
  /** Per cent of the hypotheses' 1-, 2-, 3- and 4-grams that are right; smoothed where none is. */
  readonly precisions: readonly number[];
  /** exp(1 − r/c) if the hypotheses are shorter than the references, else 1. */
  readonly brevityPenalty: number;
  /** Tokens of all hypotheses: c. */
  readonly hypothesisLength: number;
  /** Tokens of the references closest in length, the shorter of two equally close: r. */
  readonly referenceLength: number;
}

const longestGram = 4;

/**
 * BLEU of a whole corpus (Papineni et al. 2002) as sacreBLEU counts it by default (Post 2018, arXiv:1804.08771): its
 * signature `case:mixed|eff:no|tok:13a|smooth:exp`.
 *
 *     BLEU = BP · exp(¼ Σₙ log pₙ),   pₙ = matching n-grams / n-grams, both summed over the corpus, in per cent
 *
 * An n-gram matches at most as often as it occurs in one reference. The k-th order that matches nothing counts
 * 100 / (2ᵏ · n-grams) instead of 0; if no word matches, or no hypothesis has four tokens, BLEU is 0.
 *
 * @param references The reference of each hypothesis, or several for each.
 * @throws InvalidArgumentError if there are no hypotheses, another number of references, or none for one of them.
 * @example
 * bleu(["The dog bit the man."], ["The dog has bitten the man."]).score;
 */
export function bleu(hypotheses: readonly string[], references: readonly (string | readonly string[])[]): BleuScore {
  assertArgument(hypotheses.length > 0, "bleu", "at least one hypothesis", 0);
  const even = references.length === hypotheses.length;
  assertArgument(even, "bleu", `references for each of the ${hypotheses.length} hypotheses`, references.length);
  const matching = new Array<number>(longestGram).fill(0);
  const total = new Array<number>(longestGram).fill(0);
  let hypothesisLength = 0;
  let referenceLength = 0;
  for (const [row, hypothesis] of hypotheses.entries()) {
    const tokens = tokenize13a(hypothesis);
    const own = [references[row]!].flat().map((reference) => tokenize13a(reference));
    assertArgument(own.length > 0, "bleu", `a reference for hypothesis ${row}`, "none");
    hypothesisLength += tokens.length;
    referenceLength += closestLength(tokens.length, own);
    for (let n = 1; n <= longestGram; n++) {
      const allowed = own.map((reference) => gramCounts(reference, n));
      for (const [gram, count] of gramCounts(tokens, n)) {
        total[n - 1]! += count;
        matching[n - 1]! += Math.min(count, Math.max(...allowed.map((counts) => counts.get(gram) ?? 0)));
      }
    }
  }
  const precisions = smoothedPrecisions(matching, total);
  const short = hypothesisLength < referenceLength;
  // Nothing said at all gives exp(−∞) = 0, as it should.
  const brevityPenalty = short ? Math.exp(1 - referenceLength / hypothesisLength) : 1;
  const meanLog = precisions.reduce((sum, precision) => sum + Math.log(precision), 0) / longestGram;
  return { score: brevityPenalty * Math.exp(meanLog), precisions, brevityPenalty, hypothesisLength, referenceLength };
}

function closestLength(length: number, references: readonly (readonly string[])[]): number {
  return references
    .map((reference) => reference.length)
    .reduce((best, next) => {
      const nearer = Math.abs(next - length) - Math.abs(best - length);
      return nearer < 0 || (nearer === 0 && next < best) ? next : best;
    });
}

function gramCounts(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const gram = tokens.slice(i, i + n).join(" ");
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function smoothedPrecisions(matching: readonly number[], total: readonly number[]): number[] {
  if (matching.every((count) => count === 0)) return matching.map(() => 0);
  let smoothing = 1;
  return matching.map((count, order) => {
    if (total[order] === 0) return 0;
    if (count > 0) return (100 * count) / total[order]!;
    smoothing *= 2;
    return 100 / (smoothing * total[order]!);
  });
}
