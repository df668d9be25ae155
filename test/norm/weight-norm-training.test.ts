import { afterAll, describe, expect, it } from "vitest";
import { numbersOf } from "../../src/core/index.js";
import type { Initializer } from "../../src/graph/index.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/io/index.js";
import { constant, linear } from "../../src/nn/index.js";
import { boundedWeightNorm, forcedWeightNorm, type WeightNorm, weightNorm } from "../../src/norm/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { initialState } from "../../src/train/index.js";
import { buildLayer, relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import { groupsOf, heldPairs, normByHand, weightByHand, weightPairs } from "./table/index.js";
import { ofLayer, weightShape, weightTraining } from "./table/weight-training.js";

describe.each(weightPairs)("%s", (_name, row, metric) => {
  it("starts from the layer's initializer", () => {
    const training = weightTraining(row, metric);
    const start = Array.from(training.start);
    const tensors = ofLayer(training.initial);
    expect(numbersOf(tensors[row.stored]!)).toEqual(start);
    const weight = training.weight(training.initial);
    expect(relativeDistance(weight, weightByHand(row, metric, tensors))).toBeLessThan(1e-10);
    const channels = groupsOf({ ...row, group: "channel" }, start, weightShape);
    const norms = channels.map((channel) => Math.hypot(...channel));
    for (const [i, group] of groupsOf(row, weight, weightShape).entries()) {
      if (row.rho) expect(normByHand(metric, group) / row.rho(norms, i)).toBeCloseTo(1, 6);
      if (row.magnitudes !== "weight_g") continue;
      const from = groupsOf(row, start, weightShape)[i]!;
      const factor = Math.hypot(...from) / normByHand(metric, from); // 1 in l2: the weight starts as it was initialized
      if (metric.name === "l2") expect(factor).toBeCloseTo(1, 12);
      expect(
        relativeDistance(
          group,
          from.map((x) => factor * x),
        ),
      ).toBeLessThan(1e-6);
    }
  });
});

describe.each(heldPairs)("%s", (_name, row, metric) => {
  it("holds every channel's norm in each of 20 steps with momentum and decay", async () => {
    const training = weightTraining(row, metric);
    const runtime = referenceRuntime();
    const state = await runtime.createState(training.initial);
    const rho = numbersOf(ofLayer(training.initial).weight_rho!);
    const steps = Array.from({ length: 20 }, (_, count) => count);
    for (const count of steps) {
      await training.take(runtime, state, count);
      const tensors = await state.read();
      const weights = [training.weight(tensors)];
      if (row.stored === "weight") weights.push(numbersOf(ofLayer(tensors).weight!));
      for (const weight of weights) {
        for (const [channel, values] of groupsOf(row, weight, weightShape).entries()) {
          const held = normByHand(metric, values) / rho[rho.length === 1 ? 0 : channel]!;
          expect(held, `step ${count}, channel ${channel}`).toBeCloseTo(1, 9);
        }
      }
    }
    const moved = relativeDistance(training.weight(await state.read()), training.weight(training.initial));
    expect(moved).toBeGreaterThan(0.01);
    expect(numbersOf(ofLayer(await state.read()).weight_rho!)).toEqual(rho);
  });
});

describe("a training in ONNX Runtime", () => {
  const some = weightPairs.filter(([, , { name }]) => ["l2", "l1", "lInf"].includes(name));
  const steps = 5;
  const runtime = nodeRuntime({ threads: 1 });
  afterAll(() => runtime.close());

  it.each(some)("can be saved, loaded and continued to the same bits: %s", async (_name, row, metric) => {
    const training = weightTraining(row, metric);
    const first = await runtime.createState(training.initial);
    await training.take(runtime, first, 0, steps);
    const saved = await first.read();
    expect(Object.keys(saved).sort()).toEqual(Object.keys(training.initial).sort());
    const { tensors } = decodeSafetensors(encodeSafetensors(saved));
    expect(tensors).toEqual(saved);
    const second = await runtime.createState(tensors);
    const losses = [
      await training.take(runtime, first, steps, steps),
      await training.take(runtime, second, steps, steps),
    ];
    expect(losses[1]).toEqual(losses[0]);
    expect(await second.read()).toEqual(await first.read());
  });
});

describe("a channel that starts as zeros, which have no direction", () => {
  const zerosInChannel1: Initializer = () => Float32Array.of(1, 2, 0, 0, 3, 4);
  const start = (norm: WeightNorm, initializer: Initializer): void => {
    const { scope } = buildLayer(linear(3, { weightNorm: norm, initializer }), normal("zeros", [1, 2]));
    initialState({ parameters: scope.parameters, buffers: scope.buffers, slots: [] }, 1);
  };

  it.each([weightNorm(), boundedWeightNorm(), forcedWeightNorm({ rho: 2 })])("is refused: $name", (norm) => {
    expect(() => start(norm, zerosInChannel1)).toThrow(
      "a weight norm: expected initial weights other than 0, got zeros in channel 1; use another initializer",
    );
  });

  it("is nothing to weightNorm per layer, as long as not all are", () => {
    start(weightNorm({ per: "layer" }), zerosInChannel1);
    expect(() => start(weightNorm({ per: "layer" }), constant(0))).toThrow("got zeros; use another initializer");
  });
});

describe("a layer of more weights than one call takes arguments", () => {
  const shape = [600, 500];
  const initializer = (): Float32Array => new Float32Array(shape[0]! * shape[1]!).fill(0.5);

  it.each([
    [weightNorm({ per: "layer" }), "weight_g", Math.sqrt(0.25 * 300000)],
    [boundedWeightNorm(), "weight_rho", Math.sqrt(0.25 * 500)],
  ])("starts at the norm of its weight: $name", (norm, name, expected) => {
    const { scope } = buildLayer(linear(600, { weightNorm: norm, initializer }), normal("wide", [1, 500]));
    const initial = initialState({ parameters: scope.parameters, buffers: scope.buffers, slots: [] }, 1);
    expect(numbersOf(initial[name]!)[0]! / expected).toBeCloseTo(1, 6);
  });
});
