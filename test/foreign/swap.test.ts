import { afterAll, describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../src/core/index.js";
import { swapMetric } from "../../src/foreign/index.js";
import { l1, l2, lInf, type Metric } from "../../src/norm/index.js";
import { readOnnx } from "../../src/onnx/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { expectClose } from "../support/compare.js";
import { node, onnxBytes, runByOnnxRuntime } from "../support/onnx-models.js";
import { normal, uniform } from "../support/random-tensors.js";

// A convolution, a batch-norm, a ReLU, a transposed convolution and a batch-norm; what swapping must give is computed here
// by loops over numbers.

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const batches = [0, 1].map((index) => ({ x: normal(`swap ${index}`, [6, 2, 4, 4], 0.3) }));
const statistics = (layer: number, channels: number) => ({
  [`g${layer}`]: uniform(`g${layer}`, [channels], 0.5, 2),
  [`b${layer}`]: normal(`b${layer}`, [channels]),
  [`m${layer}`]: normal(`m${layer}`, [channels]),
  [`v${layer}`]: uniform(`v${layer}`, [channels], 0.5, 2),
});
const norm = (layer: number, x: string, y: string, training: boolean) =>
  node(
    "BatchNormalization",
    [x, `g${layer}`, `b${layer}`, `m${layer}`, `v${layer}`],
    training ? [y, `${y}_mean`, `${y}_var`] : [y],
    { epsilon: { float: 1e-3 }, ...(training ? { training_mode: 1 } : {}) },
  );

function model(training: boolean): Uint8Array {
  return onnxBytes({
    inputs: { x: batches[0]!.x },
    initializers: {
      w: normal("w", [3, 2, 3, 3]),
      c: normal("c", [3]),
      t: normal("t", [3, 4, 2, 2]),
      ...statistics(1, 3),
      ...statistics(2, 4),
    },
    nodes: [
      node("Conv", ["x", "w", "c"], ["p"], { pads: [1, 1, 1, 1] }),
      norm(1, "p", "q", training),
      node("Relu", ["q"], ["r"]),
      node("ConvTranspose", ["r", "t"], ["s"], { strides: [2, 2] }),
      norm(2, "s", "y", training),
    ],
    outputs: { y: "float32" },
  });
}

/** Tensors of a written file. */
const held = (bytes: Uint8Array, name: string): number[] =>
  Array.from(readOnnx(bytes).initializers.get(name)!.read().data as Float32Array);

/** The values of one channel of [N, C, …]. */
function channelOf({ shape, data }: Tensor, channel: number): number[] {
  const inner = shape.slice(2).reduce((product, size) => product * size, 1);
  return Array.from(data as Float32Array).filter((_, at) => Math.floor(at / inner) % shape[1]! === channel);
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** What each metric divides a channel by, ε included; written out, not taken from the library. */
const divisors: readonly (readonly [string, Metric, (centred: number[]) => number])[] = [
  ["l2", l2(), (x) => Math.sqrt(mean(x.map((value) => value ** 2)) + 1e-3)],
  ["l1", l1(), (x) => Math.sqrt(Math.PI / 2) * mean(x.map(Math.abs)) + 1e-3],
  ["linf, C = 1/2", lInf({ constant: 0.5 }), (x) => Math.max(...x.map(Math.abs)) / 2 + 1e-3],
];

describe.each(divisors)("a model with %s batch-norms", (_, metric, divisorOf) => {
  const swapped = (fold: boolean, training = false) =>
    swapMetric(model(training), readOnnx(model(training)), { metric, runtime, calibration: () => batches, fold });

  it("divides by what the metric measures, the mean over the batches", async () => {
    const { bytes, batches: count } = await swapped(false);
    expect(count).toBe(2);
    const inputs = await Promise.all(batches.map((feeds) => convolved(feeds)));
    for (let channel = 0; channel < 3; channel++) {
      const values = inputs.map((p) => channelOf(p, channel));
      const means = values.map(mean);
      const divisor = mean(values.map((x, k) => divisorOf(x.map((value) => value - means[k]!))));
      expect(held(bytes, "q/mean")[channel]).toBeCloseTo(mean(means), 5);
      expect(held(bytes, "q/variance")[channel]! / divisor ** 2).toBeCloseTo(1, 4);
    }
  });

  it("measures the second batch-norm behind the first in the new metric", async () => {
    const { bytes } = await swapped(false);
    // With one batch, evaluation by what was measured on it is training's forward pass.
    const one = await swapMetric(model(false), readOnnx(model(false)), {
      metric,
      runtime,
      calibration: () => batches.slice(0, 1),
    });
    const { y } = await runByOnnxRuntime(one.bytes, batches[0]!);
    for (let channel = 0; channel < 4; channel++) {
      const [gain, shift] = [held(bytes, "g2")[channel]!, held(bytes, "b2")[channel]!];
      const normed = channelOf(y!, channel).map((value) => (value - shift) / gain);
      expect(mean(normed)).toBeCloseTo(0, 4);
      const scale = divisorOf(normed) - 1e-3 * (metric.power === 1 ? 1 : 0);
      expect(scale).toBeCloseTo(1, 2); // but for ε
    }
  });

  it("says the same folded, and from a file exported for training", async () => {
    const [plain, folded, trained] = await Promise.all([swapped(false), swapped(true), swapped(false, true)]);
    const [y, foldedY, trainedY] = await Promise.all(
      [plain, folded, trained].map(async ({ bytes }) => (await runByOnnxRuntime(bytes, batches[1]!)).y!),
    );
    expectClose(foldedY!, y!, { relative: 1e-5 }, "folded");
    expectClose(trainedY!, y!, { relative: 1e-6 }, "from training form");
    expect(readOnnx(folded.bytes).nodes.map(({ operator }) => operator)).toEqual(["Conv", "Relu", "ConvTranspose"]);
    expect([...readOnnx(folded.bytes).initializers.keys()].sort()).toEqual(["q/bias", "t", "w", "y/bias"]);
  });

  it("tells how far layers and outputs moved", async () => {
    const { bytes, norms, outputs } = await swapped(false);
    const [before, after] = await Promise.all(
      [model(false), bytes].map(async (file) => (await runByOnnxRuntime(file, batches[0]!)).y!),
    );
    const [a, b] = [before!, after!].map(({ data }) => Array.from(data as Float32Array)) as [number[], number[]];
    const moved = Math.hypot(...a.map((value, i) => b[i]! - value)) / Math.hypot(...a);
    expect(moved).toBeGreaterThan(0.01);
    expect(outputs.y! / moved).toBeCloseTo(1, 4);
    expect(norms[1]!.after / moved).toBeCloseTo(1, 4);
    // What stands before the first norm is the same, computed in two graphs that are not arranged alike.
    expect(norms[0]!.before).toBeLessThan(1e-6);
    const ratios = held(bytes, "q/variance").map((v, k) => Math.sqrt(v / (statistics(1, 3).v1!.data[k]! + 1e-3)));
    expect(norms[0]!.ratio.least).toBeCloseTo(Math.min(...ratios), 4);
    expect(norms[0]!.ratio.greatest).toBeCloseTo(Math.max(...ratios), 4);
  });
});

describe("what cannot be swapped", () => {
  it("is a model without batch-norms, and one without calibration", async () => {
    const plain = onnxBytes({
      inputs: { x: tensor([1, 2]) },
      nodes: [node("Relu", ["x"], ["y"])],
      outputs: { y: "float32" },
    });
    const options = { metric: l1(), runtime, calibration: () => batches };
    await expect(swapMetric(plain, readOnnx(plain), options)).rejects.toThrow("expected a model with batch-norms");
    const none = { ...options, calibration: () => [] };
    await expect(swapMetric(model(false), readOnnx(model(false)), none)).rejects.toThrow(
      "at least one calibration batch",
    );
  });
});

/** What the first batch-norm is given, by ONNX Runtime. */
async function convolved(feeds: { readonly x: Tensor }): Promise<Tensor> {
  const bytes = onnxBytes({
    inputs: { x: feeds.x },
    initializers: { w: normal("w", [3, 2, 3, 3]), c: normal("c", [3]) },
    nodes: [node("Conv", ["x", "w", "c"], ["p"], { pads: [1, 1, 1, 1] })],
    outputs: { p: "float32" },
  });
  return (await runByOnnxRuntime(bytes, feeds)).p!;
}
