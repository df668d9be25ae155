import type { Tensor } from "../../core/index.js";
import { Graph, initialTensors, type Runtime, Scope, type Tensors, type Value } from "../../graph/index.js";
import type { Metric } from "../../norm/index.js";
import { importOnnx, type NormStatistics, type OnnxFile } from "../../onnx/index.js";
import { type MeasuredNorm, measuredNorm } from "./measured-norm.js";

/** What calibration found of one batch-norm: per channel the mean, and what the centred values are divided by. */
interface Found extends NormStatistics {
  readonly mean: Float64Array;
  readonly divisor: Float64Array;
}

/** Feeds of a model's inputs, by name. All of one shape. */
export type Feeds = AsyncIterable<Tensors> | Iterable<Tensors>;

/** A model's inputs in a graph, shaped and typed as what is to be fed. */
export function inputsLike(file: OnnxFile, graph: Graph, feeds: Tensors): Record<string, Value> {
  return Object.fromEntries(
    file.inputs.flatMap(({ name }): [string, Value][] => {
      const fed = feeds[name];
      return fed ? [[name, graph.input(name, fed.shape, fed.dtype)]] : []; // the import says what is missing
    }),
  );
}

/**
 * Measures what each batch-norm of a model meets, in one pass over batches: every batch-norm normalizes by the batch's own
 * statistics in the given metric, so that each meets what it will meet once all are replaced. The means over the batches
 * are given, in the order of the batch-norms.
 *
 * @throws DataError for operators that are not known, or if there is no batch.
 */
export async function calibrate(
  file: OnnxFile,
  metric: Metric,
  runtime: Runtime,
  batches: Feeds,
): Promise<{ readonly statistics: readonly NormStatistics[]; readonly batches: number }> {
  const sums: Found[] = [];
  let count = 0;
  let calibration: Calibration | undefined;
  try {
    for await (const feeds of batches) {
      calibration ??= await prepared(file, metric, runtime, feeds);
      const measured = await calibration.run(feeds);
      for (const [layer, { mean, divisor }] of measured.entries()) {
        sums[layer] ??= { mean: new Float64Array(mean.length), divisor: new Float64Array(divisor.length) };
        add(sums[layer].mean, mean);
        add(sums[layer].divisor, divisor);
      }
      count++;
    }
  } finally {
    await calibration?.close();
  }
  const average = (sum: Float64Array): Float64Array => sum.map((value) => value / count);
  return {
    statistics: sums.map(({ mean, divisor }) => ({ mean: average(mean), divisor: average(divisor) })),
    batches: count,
  };
}

interface Calibration {
  run(feeds: Tensors): Promise<Found[]>;
  close(): Promise<void>;
}

async function prepared(file: OnnxFile, metric: Metric, runtime: Runtime, feeds: Tensors): Promise<Calibration> {
  const graph = new Graph();
  const scope = new Scope(graph, { training: true });
  const measured: MeasuredNorm[] = [];
  importOnnx(file, scope, {
    inputs: inputsLike(file, graph, feeds),
    batchNorm(norm) {
      const own = measuredNorm(norm, metric);
      measured.push(own);
      return own.output;
    },
  });
  const outputs = Object.fromEntries(
    measured.flatMap(({ mean, divisor }, layer) => [
      [`mean/${layer}`, mean],
      [`divisor/${layer}`, divisor],
    ]),
  );
  const session = await runtime.load({ graph, outputs });
  const state = await runtime.createState(initialTensors(scope, 0));
  const numbers = (tensor: Tensor): Float64Array => Float64Array.from(tensor.data as Float32Array);
  return {
    async run(fed) {
      const found = await session.run(fed, { state });
      return measured.map((_, layer) => ({
        mean: numbers(found[`mean/${layer}`]!),
        divisor: numbers(found[`divisor/${layer}`]!),
      }));
    },
    async close() {
      await session.close();
      await state.close();
    },
  };
}

function add(sum: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}
