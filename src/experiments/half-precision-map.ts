import { fromFloat16Bits, randomStream, toFloat16Bits } from "../core/index.js";
import { Graph, type NormAccumulator, type Runtime, reshape, sqrt } from "../graph/index.js";
import { accumulation, l1, l2, type Metric, statisticsOf, topK } from "../norm/index.js";

/** How far a metric's σ is from the true one, over a range of true ones, with one way of adding up. */
export interface PrecisionRow {
  readonly metric: string;
  readonly accumulator: NormAccumulator;
  /** By log₂ of the σ of the values: relative error of the metric's σ; null where it is not a number or infinite. */
  readonly errors: Readonly<Record<number, number | null>>;
}

/** Options of {@link halfPrecisionMap}. */
export interface PrecisionMapOptions {
  /** Values that each statistic is taken of; 131072 by default: a batch of 128 images of 32 × 32. */
  readonly count?: number;
  /** Every power of two between 2^lowest and 2^highest is tried; −24 and 14 by default, as float16 has it. */
  readonly lowest?: number;
  readonly highest?: number;
}

const accumulators: readonly NormAccumulator[] = ["fp32", "fp16-sum", "fp16-block-mean", "fp16-mean-first"];

/**
 * Where batch-norm's statistics survive float16 (Hoffer et al. 2018, section 3.3): Gaussian values, stored in float16,
 * at every power of two that σ can be, and what each metric makes of them with each accumulator. The true σ is that of
 * the values before they are rounded; constants are exact, so that only the arithmetic is seen.
 */
export async function halfPrecisionMap(runtime: Runtime, options: PrecisionMapOptions = {}): Promise<PrecisionRow[]> {
  const { count = 131072, lowest = -24, highest = 14 } = options;
  const exponents = Array.from({ length: highest - lowest + 1 }, (_, i) => lowest + i);
  const random = randomStream(1, "half-precision map");
  const unit = Float64Array.from({ length: count }, () => random.normal());
  const mean = unit.reduce((sum, z) => sum + z, 0) / count;
  const sigma = Math.sqrt(unit.reduce((sum, z) => sum + (z - mean) ** 2, 0) / count);
  const metrics: readonly Metric[] = [l2(), l1(), topK(10, { constant: "exact" })];
  const rows = metrics.flatMap((metric) =>
    accumulators.map((accumulator) => ({ metric, accumulator, errors: {} as Record<number, number | null> })),
  );
  for (const { metric, accumulator, errors } of rows) {
    const graph = new Graph();
    const x = graph.input("x", [count, 1]);
    const { estimated } = statisticsOf(x, [0], metric, true, accumulation(accumulator));
    const measured = reshape(metric.power === 2 ? sqrt(estimated) : estimated, []);
    const session = await runtime.load({ graph, outputs: { measured } });
    for (const exponent of exponents) {
      const data = Float32Array.from(unit, (z) => fromFloat16Bits(toFloat16Bits(z * 2 ** exponent)));
      const outputs = await session.run({ x: { dtype: "float32", shape: [count, 1], data } });
      const error = Number(outputs.measured!.data[0]) / (sigma * 2 ** exponent) - 1;
      errors[exponent] = Number.isFinite(error) ? error : null;
    }
    await session.close();
  }
  return rows.map(({ metric, accumulator, errors }) => ({ metric: metric.name, accumulator, errors }));
}

/** The powers of two in a row, around the one nearest to 1, at which a row's σ is right to `tolerance`. */
export function workingRange({ errors }: PrecisionRow, tolerance = 0.05): readonly [number, number] | undefined {
  const right = (exponent: number): boolean => Math.abs(errors[exponent] ?? Number.POSITIVE_INFINITY) <= tolerance;
  const candidates = Object.keys(errors).map(Number).filter(right);
  if (candidates.length === 0) return undefined;
  const start = candidates.reduce((best, exponent) => (Math.abs(exponent) < Math.abs(best) ? exponent : best));
  let [low, high] = [start, start];
  while (right(low - 1)) low--;
  while (right(high + 1)) high++;
  return [low, high];
}
