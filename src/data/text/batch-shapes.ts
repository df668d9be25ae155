import { assertCount } from "../batch-options.js";
import { type PairLength, pairLengths, type TokenPairs } from "./token-pairs.js";

/** The fixed shape of some batches: source [rows, sourceLength], target [rows, targetLength]. */
export interface TextBatchShape extends PairLength {
  readonly rows: number;
}

/** Options of {@link batchShapes}. */
export interface BatchShapeOptions {
  /** Tokens in a batch: rows × the longer of both lengths is at most this, if one row is; 4096 if absent. */
  readonly tokens?: number;
  /** The largest number of shapes, each of which costs a compiled graph; 8 if absent. */
  readonly count?: number;
  /** The most tokens of a sentence, start and end not counted; longer ones get no shape. No limit if absent. */
  readonly longest?: number;
}

/**
 * Chooses a few shapes for all batches of some pairs so that little is padded. Begins with one box, of the longest
 * source and target, and cuts in two whichever box saves the most padding by it, at whichever length on whichever
 * side, until there are `count`. Ordered from the shortest to the longest.
 *
 * @throws InvalidArgumentError if a number is no count from 1, or no pair is within `longest`.
 */
export function batchShapes(
  pairs: TokenPairs,
  { tokens = 4096, count = 8, longest = Number.POSITIVE_INFINITY }: BatchShapeOptions = {},
): TextBatchShape[] {
  assertCount("batchShapes", "tokens", tokens, 1);
  assertCount("batchShapes", "count", count, 1);
  if (longest !== Number.POSITIVE_INFINITY) assertCount("batchShapes", "longest", longest, 1);
  const within = pairLengths("batchShapes", pairs).filter((pair) => fits(pair, longest + 1, longest + 1));
  assertCount("batchShapes", `the number of pairs of at most ${longest} tokens`, within.length, 1);

  const boxes = [boxOf(within)];
  while (boxes.length < count) {
    const [place, cut] = boxes
      .map(({ cut }, place) => [place, cut] as const)
      .reduce((best, next) => ((next[1]?.saved ?? 0) > (best[1]?.saved ?? 0) ? next : best));
    if (cut === undefined) break;
    boxes.splice(place, 1, ...cut.parts.map(boxOf));
  }
  return boxes
    .map(({ sourceLength, targetLength }) => ({
      rows: Math.max(1, Math.floor(tokens / Math.max(sourceLength, targetLength))),
      sourceLength,
      targetLength,
    }))
    .sort((a, b) => a.sourceLength + a.targetLength - (b.sourceLength + b.targetLength));
}

/** Whether a pair is at most so long. */
export function fits(pair: PairLength, sourceLength: number, targetLength: number): boolean {
  return pair.sourceLength <= sourceLength && pair.targetLength <= targetLength;
}

interface Cut {
  /** Tokens of padding that the cut makes unnecessary. */
  readonly saved: number;
  readonly parts: readonly [readonly PairLength[], readonly PairLength[]];
}

interface Box extends PairLength {
  readonly cut: Cut | undefined;
}

function boxOf(pairs: readonly PairLength[]): Box {
  const cuts = [bestCut(pairs, "sourceLength"), bestCut(pairs, "targetLength")];
  const [bySource, byTarget] = cuts;
  const cut = (byTarget?.saved ?? 0) > (bySource?.saved ?? 0) ? byTarget : bySource;
  return { ...enclosing(pairs), cut };
}

function enclosing(pairs: readonly PairLength[]): PairLength {
  let [sourceLength, targetLength] = [0, 0];
  for (const pair of pairs) {
    sourceLength = Math.max(sourceLength, pair.sourceLength);
    targetLength = Math.max(targetLength, pair.targetLength);
  }
  return { sourceLength, targetLength };
}

/** The cut along one side that saves the most; undefined if none saves any. */
function bestCut(pairs: readonly PairLength[], side: keyof PairLength): Cut | undefined {
  const ordered = [...pairs].sort((a, b) => a[side] - b[side]);
  const other = side === "sourceLength" ? "targetLength" : "sourceLength";
  const whole = enclosing(pairs);
  const longestAfter = new Array<number>(ordered.length + 1).fill(0); // of the other side, from here on
  for (let i = ordered.length - 1; i >= 0; i--) longestAfter[i] = Math.max(longestAfter[i + 1]!, ordered[i]![other]);
  let best = { saved: 0, at: 0 };
  let longestBefore = 0;
  for (let at = 1; at < ordered.length; at++) {
    const last = ordered[at - 1]!;
    longestBefore = Math.max(longestBefore, last[other]);
    if (last[side] === ordered[at]![side]) continue;
    const below = at * (whole[side] - last[side] + whole[other] - longestBefore);
    const above = (ordered.length - at) * (whole[other] - longestAfter[at]!);
    if (below + above > best.saved) best = { saved: below + above, at };
  }
  if (best.at === 0) return undefined;
  return { saved: best.saved, parts: [ordered.slice(0, best.at), ordered.slice(best.at)] };
}
