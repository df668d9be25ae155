import { afterAll, describe, expect, it } from "vitest";
import { fromFloat16Bits, numbersOf, randomStream, type Tensor, tensor, toFloat16Bits } from "../../src/core/index.js";
import { arrays, splitValidation } from "../../src/data/index.js";
import { div, Graph, type Layer, mul, type Precision, type Runtime, Scope, total } from "../../src/graph/index.js";
import { vgg } from "../../src/models/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";
import { adam, sgd } from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import {
  type Checkpoint,
  dynamicLossScale,
  type Engine,
  type EngineOptions,
  initialState,
  type Objective,
  type TrainOptions,
  train,
  trainingEngine,
} from "../../src/train/index.js";

const fp16: Precision = { storage: "float16", normAccumulator: "fp32" };
const bf16: Precision = { storage: "bfloat16", normAccumulator: "fp32" };
const native = nodeRuntime({ threads: 1 });
afterAll(() => native.close());
const runtimes: readonly (readonly [string, Runtime])[] = [
  ["reference", referenceRuntime()],
  ["onnxruntime", native],
];

describe("half precision", () => {
  it.each([fp16, bf16])("keeps what running statistics are proportional to: %j", (precision) => {
    const scope = new Scope(new Graph(), { training: true, precision });
    vgg({ width: 1 / 16 }).apply(scope.graph.input("x", [2, 3, 32, 32]), scope);
    const weights = scope.buffers.map(({ follows }) => follows?.weight);
    expect(new Set(weights)).toEqual(new Set([0, 4, 8, 11, 15, 18, 22, 25].map((place) => `features.${place}.weight`)));
  });
});

/** loss = slope · Σ w·x: its gradient at the layer's output is the slope, whatever w and x are. */
const steep = (slope: number): Objective => ({
  apply(scope) {
    const y = sequential({ first: linear(2, { bias: false }) }).apply(scope.graph.input("x", [1, 2]), scope);
    return { loss: mul(total(y), slope), counts: {} };
  },
});
const batch = (x: number) => ({ shape: [1], feeds: { x: tensor([x, x], [1, 2]) }, items: 1 });

interface Held {
  readonly engine: Engine;
  weights(): Promise<number[]>;
  tensors(): Promise<Record<string, Tensor>>;
}

async function engineOf(runtime: Runtime, objective: Objective, options: Partial<EngineOptions> = {}): Promise<Held> {
  const state = await runtime.createState({});
  const engine = trainingEngine(runtime, state, {
    objective,
    shape: [1],
    optimizer: sgd(),
    precision: fp16,
    ...options,
  });
  await state.write({ ...initialState(engine.step, 1), "first.weight": tensor([1, 1, 1, 1], [2, 2]) });
  return {
    engine,
    weights: async () => Array.from(numbersOf((await state.read())["first.weight"]!)),
    tensors: () => state.read(),
  };
}

describe.each(runtimes)("half precision, %s", (_, runtime) => {
  it("rounds what is stored, in both directions", async () => {
    const { engine, weights } = await engineOf(runtime, steep(1 / 3));
    const { loss } = await engine.take(0, 1, batch(1 + 2 ** -12), false);
    expect(loss).toBeCloseTo(4 / 3, 6); // each output, 2 + 2⁻¹¹, is stored as 2
    // The gradients, 1/3 at the output and (1/3)(1 + 2⁻¹²) at the weight, are both stored as the float16 next to 1/3.
    const third = fromFloat16Bits(toFloat16Bits(1 / 3));
    expect(Math.abs(third - 1 / 3)).toBeGreaterThan(5e-5);
    for (const weight of await weights()) expect(weight).toBeCloseTo(1 - third, 6);
  });

  it.each([
    ["lost without a scale", 1, 0],
    ["kept with one", 2 ** 16, 1],
  ])("a gradient of 1e-9 is %s", async (_, lossScale, kept) => {
    const { engine, weights } = await engineOf(runtime, steep(1e-9), { lossScale });
    await engine.take(0, 1e6, batch(1), false);
    const moved = (await weights()).map((weight) => (1 - weight) / 1e-3);
    for (const move of moved) expect(Math.abs(move - kept)).toBeLessThan(1e-3);
    expect(engine.overflow!.overflowSteps).toBe(0);
  });

  it("bfloat16 has float32's range and eight bits", async () => {
    const { engine, weights } = await engineOf(runtime, steep(1e-9), { precision: bf16 });
    await engine.take(0, 1e6, batch(1), false);
    for (const weight of await weights()) expect(Math.abs((1 - weight) / 1e-3 - 1)).toBeLessThan(2 ** -8);
    const { loss } = await engine.take(1, 0, batch(1e30), false);
    expect(loss / (4e30 * 1e-9)).toBeCloseTo(1, 2);
  });

  it("skips a step that overflows as a whole: the state keeps its bits", async () => {
    const { engine, tensors } = await engineOf(runtime, steep(1));
    await engine.take(0, 0.1, batch(1), false);
    const before = await tensors();
    const { loss, weight } = await engine.take(1, 0.1, batch(1e6), false);
    expect(loss).toBe(Number.POSITIVE_INFINITY);
    expect(weight).toBe(0);
    expect(await tensors()).toEqual(before);
    expect(engine.overflow).toMatchObject({ overflowSteps: 1, firstOverflow: { step: 2, layer: "layer first" } });
    await engine.take(2, 0.1, batch(1), false);
    expect(await tensors()).not.toEqual(before);
  });

  it("finds a gradient that overflows under a finite loss, and lowers a dynamic scale until it does not", async () => {
    const lossScale = dynamicLossScale({ growthInterval: 2 });
    const { engine, tensors } = await engineOf(runtime, steep(4), { lossScale });
    const before = await tensors();
    const scales: number[] = [];
    for (let index = 0; index < 7; index++) {
      const { loss } = await engine.take(index, 1e-6, batch(1e-3), false);
      expect(Number.isFinite(loss)).toBe(true);
      if (index < 3) expect(await tensors()).toEqual(before);
      scales.push(engine.overflow!.lossScale);
    }
    // 4 · 2¹⁶, 2¹⁵ and 2¹⁴ are more than float16's 65504; 2¹³ is not. After two good steps the next double overflows.
    expect(scales.map(Math.log2)).toEqual([15, 14, 13, 13, 14, 13, 13]);
    expect(engine.overflow).toMatchObject({
      overflowSteps: 4,
      firstOverflow: { step: 1, layer: "gradient of layer first" },
    });
    expect(await tensors()).not.toEqual(before);
  });

  it("does not count skipped steps as Adam's updates", async () => {
    const { engine, weights } = await engineOf(runtime, steep(1), { optimizer: adam() });
    await engine.take(0, 0.25, batch(1e6), false);
    expect(await weights()).toEqual([1, 1, 1, 1]);
    await engine.take(1, 0.25, batch(1), false); // the first update goes by the whole rate
    for (const weight of await weights()) expect(weight).toBeCloseTo(0.75, 5);
  });

  it("ends when the scale is of no use any more, or after too many skips in a row", async () => {
    const { engine } = await engineOf(runtime, steep(1), { lossScale: dynamicLossScale({ initial: 2 ** -12 }) });
    await engine.take(0, 1, batch(1e6), false);
    await engine.take(1, 1, batch(1e6), false); // 2⁻¹⁴ is still allowed
    await expect(engine.take(2, 1, batch(1e6), false)).rejects.toThrow(
      /3 skipped in a row up to step 2, at a loss scale of 0.00003.*first not finite: layer first/,
    );
    const patient = await engineOf(runtime, steep(1), { overflowLimit: 3 });
    for (const x of [1e6, 1e6, 1, 1e6, 1e6]) await patient.engine.take(0, 0, batch(x), false);
    await expect(patient.engine.take(5, 0, batch(1e6), false)).rejects.toThrow(/3 skipped in a row up to step 5/);
  });

  it("counts statistics that are not finite, layer by layer", async () => {
    const noting = (factor: number): Layer => ({
      kind: "noting",
      apply(x, scope) {
        scope.noteStatistic("mean", total(x));
        scope.noteStatistic("scale", div(mul(total(x), factor), 1e-20));
        return x;
      },
    });
    const objective: Objective = {
      apply(scope) {
        const network = sequential({
          first: linear(2, { bias: false }),
          a: noting(1),
          b: noting(1e30),
          c: noting(1e10),
        });
        return { loss: total(network.apply(scope.graph.input("x", [1, 2]), scope)), counts: {} };
      },
    };
    const { engine } = await engineOf(native, objective);
    await engine.take(0, 0, batch(1e-8), false); // stored as 0
    expect(engine.overflow).toMatchObject({ overflowStatistics: 0 });
    await engine.take(1, 0, batch(1), false);
    await engine.take(2, 0, batch(1), true);
    expect(engine.overflow).toMatchObject({
      overflowSteps: 0,
      overflowStatistics: 2,
      firstOverflowStatistic: { step: 2, layer: "b" },
    });
  });
});

describe("a whole training in half precision", () => {
  const random = randomStream(4, "half");
  const images = Float32Array.from({ length: 56 * 16 }, () => random.normal());
  const all = arrays({ images, labels: Array.from({ length: 56 }, (_, i) => i % 3), shape: [1, 4, 4] });
  const { training: data, validation } = splitValidation(all, { count: 8, seed: 1 }); // 3 batches of 16
  const options = (runtime: Runtime): TrainOptions => ({
    network: sequential(conv2d(4), batchNorm(), relu(), globalAveragePool(), linear(3)),
    data,
    validation,
    runtime,
    epochs: 3,
    batch: 16,
    learningRate: 0.1,
    optimizer: adam(),
    precision: fp16,
  });

  async function run(stopAfter?: number, resume?: TrainOptions["resume"]) {
    const checkpoints: Checkpoint[] = [];
    const lines: { readonly type: string }[] = [];
    const stop = new AbortController();
    const { model, epochs, progress, close } = await train({
      ...options(native),
      lossScale: dynamicLossScale({ initial: 2 ** 22, growthInterval: 2 }),
      recorder: {
        norms() {},
        log: (line) => void lines.push(line),
        checkpoint: (name, checkpoint) => void (name === "last" && checkpoints.push(checkpoint)),
      },
      signal: stop.signal,
      onStep: ({ step }) => step === stopAfter && stop.abort(),
      ...(resume ? { resume } : {}),
    });
    const tensors = await model.tensors();
    const { logits } = await model.evaluate(validation);
    await close();
    const timeless = epochs.map(({ imagesPerSecond: _, ...rest }) => rest);
    return { tensors, logits, epochs, timeless, progress, lines, last: checkpoints.at(-1)! };
  }

  it("resumes to the same bits, scale and counts included", async () => {
    const whole = await run();
    const { overflow } = whole.progress;
    for (const stopAfter of [1, 5]) {
      const first = await run(stopAfter);
      expect(first.progress.overflow!.overflowSteps).toBeGreaterThan(0);
      expect(first.progress.overflow!.overflowSteps).toBeLessThan(overflow!.overflowSteps);
      const second = await run(undefined, { ...first.last, epochs: first.epochs });
      expect(second.tensors).toEqual(whole.tensors);
      expect(second.progress).toEqual(whole.progress);
      expect(second.timeless).toEqual(whole.timeless);
    }
  });

  it("logs what was skipped, and the first such step once", async () => {
    const { lines, epochs, progress } = await run();
    expect(lines.filter(({ type }) => type === "overflow")).toEqual([
      { type: "overflow", ...progress.overflow!.firstOverflow },
    ]);
    expect(progress.overflow!.firstOverflow).toMatchObject({ step: 1, layer: expect.stringMatching(/^gradient of /) });
    expect(epochs.at(-1)).toMatchObject({
      overflowSteps: progress.overflow!.overflowSteps,
      lossScale: progress.overflow!.lossScale,
      firstOverflow: { step: 1 },
    });
    expect(epochs.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
  });

  it("is evaluated in its own precision", async () => {
    const { logits } = await run();
    for (const logit of logits) expect(fromFloat16Bits(toFloat16Bits(logit))).toBe(logit);
    const { model, close } = await train({ ...options(native), precision: { ...fp16, storage: "float32" } });
    const full = (await model.evaluate(validation)).logits;
    expect(full.every((logit) => fromFloat16Bits(toFloat16Bits(logit)) === logit)).toBe(false);
    await close();
  });

  it("takes no loss scale in full precision, nor one out of range", async () => {
    const { precision: _, ...full } = options(native);
    await expect(train({ ...full, lossScale: 1024 })).rejects.toThrow(/no loss scale in full precision, got 1024/);
    await expect(train({ ...options(native), lossScale: 0 })).rejects.toThrow(
      /loss scale: expected a scale > 0, got 0/,
    );
    await expect(train({ ...options(native), overflowLimit: 0 })).rejects.toThrow(/overflowLimit to be a positive/);
    expect(() => dynamicLossScale({ backoff: 1 })).toThrow(/backoff in \(0, 1\), got 1/);
  });
});
