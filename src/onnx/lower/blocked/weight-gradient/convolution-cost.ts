// A model of ONNX Runtime's blocked convolution of plain images, on a processor with AVX-512. Its numbers were fitted to
// `npm run bench -- --tune`, which prints both.

/** Cycles in a millisecond. */
const frequency = 4.7e6;
/** Output columns, and blocks of filters, that the kernel accumulates at once. */
const tile = { columns: 6, filters: 4 };
/** Bytes that come from the caches in a cycle, by the size of what the tiles go over again and again. */
const streams: readonly (readonly [bytes: number, perCycle: number])[] = [
  [48 << 10, 64],
  [1 << 20, 28],
  [2 << 20, 20],
  [Number.POSITIVE_INFINITY, 10],
];
/** Bytes that come from memory at once. */
const line = 64;
/** Threads that should have equal shares. */
const threads = 4;
/** Bytes that a pass over memory reads or writes in a millisecond. */
const bandwidth = 25e6;

/** The work of a blocked convolution of plain images. */
export interface ConvolutionWork {
  readonly groups: number;
  /** Input channels of a group. */
  readonly channels: number;
  /** Blocks of filters of a group. */
  readonly blocks: number;
  /** Elements of a filter for one input channel. */
  readonly steps: number;
  /** Height and width of the result. */
  readonly size: readonly [number, number];
  /** Bytes of an input channel that all filters go over. */
  readonly imageBytes: number;
}

/** Expected milliseconds of a convolution on one thread. */
export function convolutionCost(work: ConvolutionWork, block: number): number {
  const { groups, channels, blocks, steps, size, imageBytes } = work;
  const [height, width] = size;
  let cycles = 0;
  for (const filters of inTiles(blocks, [tile.filters, 3, 2, 1])) {
    const [, perCycle] = streams.find(([bytes]) => bytes >= imageBytes + 4 * block * filters * steps)!;
    for (const outputs of inTiles(width, [tile.columns, 3, 2, 1])) {
      // Two multiplications at once, two loads, and four cycles until a sum can be added to again.
      const arithmetic = Math.max((outputs * filters) / 2, (outputs + filters) / 2, 4);
      const loads = (4 * block * filters + line) / perCycle;
      cycles += steps * (Math.max(arithmetic, loads) + 1) + 20 + 2 * outputs * filters;
    }
  }
  const shares = groups * Math.ceil(blocks / tile.filters) * height;
  const idle = (Math.ceil(shares / threads) * threads) / shares;
  return ((groups * channels * height * cycles) / frequency) * idle;
}

/** Expected milliseconds of reading or writing so many bytes. */
export const movingCost = (bytes: number): number => bytes / bandwidth;

/** A length as as many of the largest tiles as fit, then of the next ones. */
function inTiles(length: number, tiles: readonly number[]): number[] {
  const parts: number[] = [];
  let rest = length;
  for (const size of tiles) for (; rest >= size; rest -= size) parts.push(size);
  return parts;
}
