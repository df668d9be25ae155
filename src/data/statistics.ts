import { type ImageDataset, type ImagesInMemory, isInMemory } from "./dataset.js";
import { imageSize } from "./pixels.js";

/** Mean and standard deviation of each channel. */
export interface ChannelStatistics {
  readonly mean: number[];
  /** √(E[(x − mean)²]), the population's; 0 where a channel is constant. */
  readonly std: number[];
}

/** ImageNet's, over its training set: the figures that torchvision's models are trained with. */
export const imageNetStatistics: ChannelStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/**
 * Statistics of each channel over all pixels of the given images, from which a graph normalizes (x − mean) / std.
 * Bytes count as value / 255 and are summed in integers, so the result is exact to the last rounding; floats are taken
 * as they are, in two passes with compensated sums. Images in files are not read for it: theirs are
 * {@link imageNetStatistics}.
 */
export function channelStatistics(dataset: ImageDataset): ChannelStatistics {
  if (!isInMemory(dataset)) return imageNetStatistics;
  const { images, shape } = dataset;
  const channels = Array.from({ length: shape[0] }, (_, channel) =>
    images instanceof Float32Array
      ? floatStatistics((visit) => eachPixel(dataset, channel, (position) => visit(images[position]!)))
      : byteStatistics(histogram(dataset, channel)),
  );
  return { mean: channels.map(({ mean }) => mean), std: channels.map(({ std }) => std) };
}

interface Moments {
  readonly mean: number;
  readonly std: number;
}

function eachPixel(dataset: ImagesInMemory, channel: number, visit: (position: number) => void): void {
  const perImage = imageSize(dataset);
  const perChannel = perImage / dataset.shape[0];
  for (let start = channel * perChannel; start < dataset.images.length; start += perImage) {
    for (let position = start; position < start + perChannel; position++) visit(position);
  }
}

function histogram(dataset: ImagesInMemory, channel: number): Float64Array {
  const counts = new Float64Array(256);
  eachPixel(dataset, channel, (position) => {
    counts[dataset.images[position]!]!++;
  });
  return counts;
}

/** Variance = (n Σx² − (Σx)²) / n², whose numerator does not fit a double: it is taken in big integers. */
function byteStatistics(counts: Float64Array): Moments {
  let n = 0n;
  let sum = 0n;
  let squares = 0n;
  for (let value = 0; value < 256; value++) {
    const count = BigInt(counts[value]!);
    n += count;
    sum += count * BigInt(value);
    squares += count * BigInt(value * value);
  }
  const scale = Number(n) * 255;
  return { mean: Number(sum) / scale, std: Math.sqrt(Number(n * squares - sum * sum)) / scale };
}

function floatStatistics(forEach: (visit: (value: number) => void) => void): Moments {
  const average = (of: (value: number) => number): number => {
    let count = 0;
    let sum = 0;
    let lost = 0; // what rounding took from the sum (Neumaier)
    forEach((value) => {
      const term = of(value);
      const next = sum + term;
      lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
      sum = next;
      count++;
    });
    return (sum + lost) / count;
  };
  const mean = average((value) => value);
  return { mean, std: Math.sqrt(average((value) => (value - mean) ** 2)) };
}
