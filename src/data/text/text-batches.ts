import { assertArgument, randomStream, type Tensor } from "../../core/index.js";
import { assertCount } from "../batch-options.js";
import { closable } from "../closable.js";
import type { BatchSource } from "../dataset.js";
import { fits, type TextBatchShape } from "./batch-shapes.js";
import { type PairLength, pairLengths, type TokenPairs } from "./token-pairs.js";
import { special } from "./vocabulary.js";

/** Some pairs of one shape, padded, ready to be fed to a graph. The arrays belong to the caller. */
export interface TextBatch {
  /** Which of the source's `shapes` it has. */
  readonly shape: number;
  /** `[rows, sourceLength]`: the source sentences, each ended by `</s>`, then `<pad>`. */
  readonly source: Tensor<"int32">;
  /** `[rows, targetLength]`: what the decoder sees, `<s>` and the translation, then `<pad>`. */
  readonly target: Tensor<"int32">;
  /** `[rows, targetLength]`: what it is to say, the translation and `</s>`; where it is `<pad>` there is no loss. */
  readonly expected: Tensor<"int32">;
  /** Rows that are real. Those after them are an empty sentence whose `expected` is all padding. */
  readonly size: number;
  /** Entries of `expected` that are not padding: what a mean loss divides by. */
  readonly tokens: number;
  /** The place in the data of each real row. */
  readonly rows: Uint32Array;
}

/** Where batches of text come from. */
export interface TextBatchSource extends BatchSource<TextBatch> {
  readonly shapes: readonly TextBatchShape[];
  /** Pairs that are left out since they fit no shape. */
  readonly dropped: number;
  /** The fraction of all source and target tokens in an epoch that is padding. */
  readonly padding: number;
}

/**
 * Batches for training: the pairs in a new random order each epoch, each in the smallest shape that it fits, batches of
 * all shapes in random order. Every pair comes once in an epoch; the last batch of each shape is filled up with empty
 * rows. Each batch is a pure function of (pairs, shapes, seed, epoch, index).
 *
 * @param shapes Those of {@link batchShapes}. Pairs that fit none are dropped, and counted.
 * @throws InvalidArgumentError if the seed is no integer, there is no shape, or no pair fits one.
 */
export function trainingTextBatches(
  pairs: TokenPairs,
  { shapes, seed }: { readonly shapes: readonly TextBatchShape[]; readonly seed: number },
): TextBatchSource {
  const where = "trainingTextBatches";
  assertArgument(Number.isSafeInteger(seed), where, "seed to be an integer", seed);
  const lengths = pairLengths(where, pairs);
  const placed = lengths.map((pair) => smallestFitting(shapes, pair));
  const kept = placed.filter((shape) => shape >= 0).length;
  assertArgument(kept > 0, where, "a shape that fits a pair", shapes);
  let plan: { readonly epoch: number; readonly batches: readonly PlannedBatch[] } | undefined;
  const batchesPerEpoch = inShapes(shapes, placed, placed.keys()).length;
  const source = closable(where, batchesPerEpoch, (epoch, index) => {
    if (plan?.epoch !== epoch) {
      const order = randomStream(seed, "shuffle", epoch).permutation(placed.length);
      const batches = inShapes(shapes, placed, order);
      const turns = randomStream(seed, "shuffle batches", epoch).permutation(batches.length);
      plan = { epoch, batches: Array.from(turns, (turn) => batches[turn]!) };
    }
    return textBatch(pairs, shapes, plan.batches[index]!);
  });
  const padding = paddingOf(shapes, lengths, inShapes(shapes, placed, placed.keys()));
  return { ...source, shapes, dropped: placed.length - kept, padding };
}

/**
 * Batches for evaluation: every pair once, the shortest shapes first and in the order of the data within a shape, the
 * same in every epoch. If pairs fit none of the shapes, one more is added that they fit, with as many rows as keep its
 * size to that of the largest one. Each batch's `rows` says which pairs it holds.
 *
 * @throws InvalidArgumentError if there is no shape or no pair.
 */
export function evaluationTextBatches(
  pairs: TokenPairs,
  { shapes: given }: { readonly shapes: readonly TextBatchShape[] },
): TextBatchSource {
  const where = "evaluationTextBatches";
  assertCount(where, "the number of shapes", given.length, 1);
  const lengths = pairLengths(where, pairs);
  const beyond = lengths.filter((pair) => smallestFitting(given, pair) < 0);
  const shapes = beyond.length === 0 ? given : [...given, shapeFor(beyond, given)];
  const placed = lengths.map((pair) => smallestFitting(shapes, pair));
  const batches = inShapes(shapes, placed, placed.keys()).sort((a, b) => a.shape - b.shape);
  const source = closable(where, batches.length, (_epoch, index) => textBatch(pairs, shapes, batches[index]!));
  return { ...source, shapes, dropped: 0, padding: paddingOf(shapes, lengths, batches) };
}

interface PlannedBatch {
  readonly shape: number;
  readonly rows: readonly number[];
}

/** Fills batches with pairs in this order, each in its shape; batches come in the order in which they are filled. */
function inShapes(
  shapes: readonly TextBatchShape[],
  placed: readonly number[],
  order: Iterable<number>,
): PlannedBatch[] {
  const batches: PlannedBatch[] = [];
  const filling = shapes.map((): number[] => []);
  for (const row of order) {
    const shape = placed[row]!;
    if (shape < 0) continue;
    const rows = filling[shape]!;
    rows.push(row);
    if (rows.length < shapes[shape]!.rows) continue;
    batches.push({ shape, rows });
    filling[shape] = [];
  }
  for (const [shape, rows] of filling.entries()) if (rows.length > 0) batches.push({ shape, rows });
  return batches;
}

/** The place of the shape that a pair fits with the least padding; −1 if it fits none. */
function smallestFitting(shapes: readonly TextBatchShape[], pair: PairLength): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const [place, { sourceLength, targetLength }] of shapes.entries()) {
    if (fits(pair, sourceLength, targetLength) && sourceLength + targetLength < least) {
      best = place;
      least = sourceLength + targetLength;
    }
  }
  return best;
}

function shapeFor(lengths: readonly PairLength[], shapes: readonly TextBatchShape[]): TextBatchShape {
  const sourceLength = Math.max(...lengths.map((pair) => pair.sourceLength));
  const targetLength = Math.max(...lengths.map((pair) => pair.targetLength));
  const tokens = Math.max(...shapes.map((shape) => shape.rows * Math.max(shape.sourceLength, shape.targetLength)));
  return { rows: Math.max(1, Math.floor(tokens / Math.max(sourceLength, targetLength))), sourceLength, targetLength };
}

function paddingOf(
  shapes: readonly TextBatchShape[],
  lengths: readonly PairLength[],
  batches: readonly PlannedBatch[],
): number {
  let [real, all] = [0, 0];
  for (const { shape, rows } of batches) {
    const size = shapes[shape]!;
    all += size.rows * (size.sourceLength + size.targetLength);
    for (const row of rows) real += lengths[row]!.sourceLength + lengths[row]!.targetLength;
  }
  return 1 - real / all;
}

function textBatch(pairs: TokenPairs, shapes: readonly TextBatchShape[], { shape, rows }: PlannedBatch): TextBatch {
  const { rows: height, sourceLength, targetLength } = shapes[shape]!;
  const source = new Int32Array(height * sourceLength).fill(special.pad);
  const target = new Int32Array(height * targetLength).fill(special.pad);
  const expected = new Int32Array(height * targetLength).fill(special.pad);
  let tokens = 0;
  for (let place = 0; place < height; place++) {
    const row = rows[place];
    const from = row === undefined ? [] : pairs.source[row]!;
    const to = row === undefined ? [] : pairs.target[row]!;
    source.set([...from, special.end], place * sourceLength);
    target.set([special.start, ...to], place * targetLength);
    if (row === undefined) continue;
    expected.set([...to, special.end], place * targetLength);
    tokens += to.length + 1;
  }
  const tensor = (data: Int32Array, length: number): Tensor<"int32"> => ({
    dtype: "int32",
    shape: [height, length],
    data,
  });
  return {
    shape,
    source: tensor(source, sourceLength),
    target: tensor(target, targetLength),
    expected: tensor(expected, targetLength),
    size: rows.length,
    tokens,
    rows: Uint32Array.from(rows),
  };
}
