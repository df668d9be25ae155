import { describe, expect, it } from "vitest";
import { randomStream, type Tensor } from "../../src/core/index.js";
import { arrays } from "../../src/data/index.js";
import { cosines, translateSchedule, type WeightTensor } from "../../src/dynamics/index.js";
import type { Layer, Runtime } from "../../src/graph/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import {
  batchNorm,
  boundedWeightNorm,
  forcedWeightNorm,
  groupNorm,
  instanceNorm,
  l1,
  layerNorm,
  weightNorm,
  weightStandardization,
} from "../../src/norm/index.js";
import {
  exactSchedule,
  type NormRecord,
  normSchedule,
  paperCorrection,
  type StepControl,
  scaleInvariant,
  scheduleRates,
  sgd,
  stepDecay,
  warmup,
} from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { type NormRow, train } from "../../src/train/index.js";

// Five ways to train the same small network for 50 steps, as in section 2 of Hoffer et al. 2018, compared direction by
// direction. In float64 the exact schedule must agree to rounding; the paper's correction is only close.

const epochs = 10;
const stepsPerEpoch = 5;
const batch = 16;
const learningRate = 0.1;
const weightDecay = 0.02; // ηλ = 0.002, just inside the limit (1 − √μ)² = 0.00263
const momentum = 0.9;
const schedule = warmup(3, stepDecay(["6e"]));

const images = new Float32Array(batch * stepsPerEpoch * 3 * 6 * 6);
const noise = randomStream(7, "equivalence");
const labels = Int32Array.from({ length: batch * stepsPerEpoch }, () => noise.integer(4));
for (let i = 0; i < images.length; i++) images[i] = noise.normal() + 0.5 * labels[Math.floor(i / 108)]! * Math.sin(i);
const data = arrays({ images, labels, shape: [3, 6, 6] });

const network = (epsilon: number): Layer =>
  sequential(
    conv2d(8),
    batchNorm({ epsilon }),
    relu(),
    conv2d(6, { stride: 2, bias: false }),
    batchNorm({ epsilon }),
    relu(),
    globalAveragePool(),
    linear(4),
  );
const largeEpsilon = 1e-3; // so that what a fixed ε does to exactness shows
const usualEpsilon = 1e-5;

interface Trajectory {
  readonly rows: readonly NormRow[];
  /** Weights by name at the end of each epoch. */
  readonly weights: readonly Readonly<Record<string, Tensor>>[];
  /** In evaluation mode, with running statistics, at the end. */
  readonly evaluationLoss: number;
}

interface Way {
  readonly layers?: Layer;
  readonly control?: StepControl;
  readonly decayed?: boolean;
  readonly epsilon?: number;
}

async function trajectory(
  runtime: Runtime,
  { control, decayed = false, epsilon = largeEpsilon, layers = network(epsilon) }: Way,
): Promise<Trajectory> {
  const rows: NormRow[] = [];
  const weights: Readonly<Record<string, Tensor>>[] = [];
  const result = await train({
    network: layers,
    data,
    runtime,
    epochs,
    batch,
    learningRate,
    schedule,
    optimizer: sgd({ momentum, weightDecay }),
    // Everything but the scale-invariant weights is treated alike in all runs.
    groups: decayed ? [] : [{ name: "free", match: scaleInvariant(), weightDecay: 0 }],
    ...(control ? { control } : {}),
    measureEvery: 1,
    recorder: {
      norms: (measured) => void rows.push(...measured),
      log: () => {},
      checkpoint: () => {},
      snapshot: (_, held) => void weights.push(held),
    },
  });
  const { loss } = await result.model.evaluate(data);
  await result.close();
  return { rows, weights, evaluationLoss: loss };
}

function recordOf({ rows }: Trajectory): NormRecord {
  return {
    steps: epochs * stepsPerEpoch,
    at: async (step) => new Map(rows.filter((row) => row.step === step + 1).map(({ layer, norm }) => [layer, norm])),
  };
}

function exact(followEpsilon: boolean): StepControl {
  const rates = scheduleRates(schedule, learningRate, epochs * stepsPerEpoch, stepsPerEpoch);
  return exactSchedule(translateSchedule({ rates, momentum, weightDecay }), { followEpsilon });
}

/** 1 − the smallest cosine over all channels of all layers, at the end of an epoch. */
function apart(a: Trajectory, b: Trajectory, epoch: number): number {
  const [held, other] = [a.weights[epoch]!, b.weights[epoch]!];
  const each = Object.keys(held).flatMap((name) => [
    ...cosines(held[name] as WeightTensor, other[name] as WeightTensor),
  ]);
  return 1 - Math.min(...each);
}

describe("weight decay and its replacements, float64", async () => {
  const runtime = referenceRuntime();
  const on = await trajectory(runtime, { decayed: true });
  const following = await trajectory(runtime, { control: exact(true) });
  const fixedEpsilon = await trajectory(runtime, { control: exact(false) });
  const last = epochs - 1;

  it("the exact schedule keeps every channel's direction", () => {
    for (let epoch = 0; epoch < epochs; epoch++) expect(apart(on, following, epoch)).toBeLessThan(1e-10);
  });

  it("and the same function in evaluation, since running statistics follow the norms", () => {
    expect(Math.abs(following.evaluationLoss / on.evaluationLoss - 1)).toBeLessThan(1e-9);
    expect(Math.abs(fixedEpsilon.evaluationLoss / on.evaluationLoss - 1)).toBeGreaterThan(1e-6);
  });

  it("a fixed ε breaks that, a little", () => {
    expect(apart(on, fixedEpsilon, last)).toBeGreaterThan(1e-8);
    expect(apart(on, fixedEpsilon, last)).toBeLessThan(1e-2);
  });

  describe("with recorded norms", async () => {
    const epsilon = usualEpsilon;
    const recorded = await trajectory(runtime, { decayed: true, epsilon });
    const bare = await trajectory(runtime, { epsilon });
    const correction = await trajectory(runtime, { control: paperCorrection(recordOf(recorded)), epsilon });
    const norms = await trajectory(runtime, { control: normSchedule(recordOf(recorded), { learningRate }), epsilon });

    it("norm schedule and paper correction are one method", () => {
      // The recorded norms are float32, the same in both. What is left is ε: the two hold the weights at other norms.
      for (let epoch = 0; epoch < epochs; epoch++) expect(apart(correction, norms, epoch)).toBeLessThan(1e-8);
    });

    it("the correction is measurably less exact, and without it directions leave", () => {
      expect(apart(recorded, correction, last)).toBeGreaterThan(1e-6); // the exact schedule: below 1e-10
      expect(apart(recorded, bare, last)).toBeGreaterThan(3 * apart(recorded, correction, last));
      expect(apart(recorded, bare, last)).toBeGreaterThan(1e-3);
    });
  });
});

describe("the exact schedule with other normalizations, float64", () => {
  const runtime = referenceRuntime();
  const epsilon = largeEpsilon;
  const behind = (...layers: readonly Layer[]): Layer =>
    sequential(conv2d(8, { bias: false }), ...layers, relu(), globalAveragePool(), linear(4));
  const made = (weights: Parameters<typeof conv2d>[1]): Layer =>
    sequential(conv2d(8, weights), relu(), globalAveragePool(), linear(4));
  const networks: Readonly<Record<string, Layer>> = {
    groupNorm: behind(groupNorm({ groups: 2, epsilon })),
    "instanceNorm, l1": behind(instanceNorm({ epsilon, metric: l1() })),
    layerNorm: behind(layerNorm({ axes: 3, epsilon })),
    weightNorm: made({ weightNorm: weightNorm() }),
    boundedWeightNorm: made({ weightNorm: boundedWeightNorm({ metric: l1() }) }),
    weightStandardization: made({ weightNorm: weightStandardization({ epsilon }) }),
  };

  it.each(Object.entries(networks))("%s: the same directions, and the same function at the end", async (_, layers) => {
    const on = await trajectory(runtime, { decayed: true, layers });
    const following = await trajectory(runtime, { control: exact(true), layers });
    expect(apart(on, following, epochs - 1)).toBeLessThan(1e-10);
    expect(Math.abs(following.evaluationLoss / on.evaluationLoss - 1)).toBeLessThan(1e-9);
  });

  it("is refused where weights are set to a norm after each step", async () => {
    const layers = made({ weightNorm: forcedWeightNorm() });
    await expect(trajectory(runtime, { control: exact(true), layers })).rejects.toThrow(/norms are free.*0\.weight/);
  });
});

describe("weight decay and its replacement, float32", async () => {
  const runtime = nodeRuntime({ threads: 1 });
  const on = await trajectory(runtime, { decayed: true });
  const following = await trajectory(runtime, { control: exact(true) });
  const off = await trajectory(runtime, {});
  await runtime.close();

  it("the exact schedule stays with decay until rounding parts them", () => {
    const parted = on.weights.map((_, epoch) => apart(on, following, epoch));
    console.log(
      `float32, 1 − cosine to decay on, by epoch: ${parted.map((value) => value.toExponential(1)).join(" ")}`,
    );
    expect(parted[0]).toBeLessThan(1e-10);
    expect(parted.at(-1)).toBeLessThan(apart(on, off, epochs - 1) / 1e6);
  });
});
