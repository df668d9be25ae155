import { afterAll, describe, expect, it } from "vitest";
import { randomStream, type Tensor } from "../../src/core/index.js";
import { arrays, splitValidation, trainingBatches } from "../../src/data/index.js";
import { threadedBatches } from "../../src/data/threads/index.js";
import { translateSchedule } from "../../src/dynamics/index.js";
import type { Runtime } from "../../src/graph/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";
import {
  adam,
  adamw,
  cosineDecay,
  exactSchedule,
  type NormRecord,
  normSchedule,
  paperCorrection,
  type StepControl,
  scaleInvariant,
  scheduleRates,
  sgd,
  sgdp,
  warmup,
  withAdaptiveClip,
} from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { type Checkpoint, type NormRow, type TrainOptions, train } from "../../src/train/index.js";

const random = randomStream(3, "trainer");
const images = Float32Array.from({ length: 56 * 16 }, () => random.normal());
const all = arrays({ images, labels: Array.from({ length: 56 }, (_, i) => i % 3), shape: [1, 4, 4] });
const { training: data, validation } = splitValidation(all, { count: 8, seed: 1 }); // 3 batches of 16
const network = () => sequential(conv2d(4), batchNorm(), relu(), globalAveragePool(), linear(3));
const plain = (runtime: Runtime): TrainOptions => ({
  network: network(),
  data,
  runtime,
  epochs: 3,
  batch: 16,
  learningRate: 0.1,
  optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }),
});
const steps = 9;

/** Keeps what a run folder would. */
function recorder() {
  const kept = { rows: [] as NormRow[], checkpoints: [] as (Checkpoint & { name: string })[] };
  return {
    ...kept,
    norms: (rows: readonly NormRow[]) => void kept.rows.push(...rows),
    log: () => {},
    checkpoint: (name: string, checkpoint: Checkpoint) => void kept.checkpoints.push({ name, ...checkpoint }),
  };
}

const record: NormRecord = {
  steps,
  at: async (step) => new Map([["0.weight", Float32Array.from([1, 1.1, 0.9, 1e-12], (norm) => norm * 0.97 ** step)]]),
};
const schedule = warmup(2, cosineDecay());
const rates = scheduleRates(schedule, 0.1, steps, 3);
const translated = translateSchedule({ rates, momentum: 0.9, weightDecay: 0.5, rescaleBelow: 0.6 });

describe("resumed within an epoch, float32", async () => {
  const runtime = nodeRuntime({ threads: 1 });
  afterAll(() => runtime.close());

  const controls: readonly [string, () => StepControl | undefined][] = [
    ["no control", () => undefined],
    ["paper correction", () => paperCorrection(record, { cap: 2 })],
    ["norm schedule", () => normSchedule(record, { learningRate: 0.1, cap: 2 })],
    ["exact schedule with rescalings", () => exactSchedule(translated)],
  ];

  const trainings: readonly [string, () => Partial<TrainOptions>][] = [
    ...controls.map(([name, control]): [string, () => Partial<TrainOptions>] => {
      return [name, () => (control() ? { control: control()! } : {})];
    }),
    ["AdamW", () => ({ optimizer: adamw({ clipNorm: 1 }) })],
  ];

  it.each(trainings)("%s: the same bits", async (_, own) => {
    const run = async (stopAfter: number | undefined, resume?: TrainOptions["resume"]) => {
      const kept = recorder();
      const stop = new AbortController();
      const result = await train({
        ...plain(runtime),
        schedule,
        ...own(),
        recorder: kept,
        signal: stop.signal,
        ...(resume ? { resume } : {}),
        onStep: ({ step }) => step === stopAfter && stop.abort(),
      });
      const loss = (await result.model.evaluate(validation)).loss;
      const tensors = await result.model.tensors();
      await result.close();
      const { epochs, progress, interrupted } = result;
      return { kept, tensors, loss, progress, interrupted, epochs };
    };
    expect(translated.rescaleEvents.map(({ step }) => step)).toEqual([5, 8]); // at the step it resumes from, and later
    const whole = await run(undefined);
    const first = await run(5);
    expect(first).toMatchObject({ interrupted: true, progress: { step: 5 } });
    const last = first.kept.checkpoints.findLast(({ name }) => name === "last")!;
    expect(last.progress.step).toBe(5);
    const second = await run(undefined, { ...last, epochs: first.epochs });
    const timeless = (epochs: typeof whole.epochs) => epochs.map(({ imagesPerSecond: _, ...rest }) => rest);
    expect(second.tensors).toEqual(whole.tensors);
    expect(second.progress).toEqual(whole.progress);
    expect(second.loss).toBe(whole.loss);
    expect(timeless(second.epochs)).toEqual(timeless(whole.epochs));
  });
});

describe("train", () => {
  const runtime = referenceRuntime();

  it("stopped before its first step, it leaves nothing that fails later", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const { progress, interrupted } = await train({
      ...plain(runtime),
      batches: threadedBatches,
      signal: AbortSignal.abort(),
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off("unhandledRejection", note);
    expect({ unhandled, interrupted, step: progress.step }).toEqual({ unhandled: [], interrupted: true, step: 0 });
  });

  it("closes what it opened when something later cannot be opened", async () => {
    let open = 0;
    const counting: Runtime = {
      ...runtime,
      async createState(tensors) {
        const state = await runtime.createState(tensors);
        open++;
        return { ...state, close: async () => void open-- };
      },
      async load(program) {
        const session = await runtime.load(program);
        open++;
        return { ...session, close: async () => void open-- };
      },
    };
    const batches = () => Promise.reject(new Error("no thread"));
    await expect(train({ ...plain(counting), batches })).rejects.toThrow("no thread");
    expect(open).toBe(0);
    const failing = (): ReturnType<typeof trainingBatches> => ({
      ...trainingBatches(data, { batch: 16, seed: 1 }),
      batch: () => Promise.reject(new Error("no batch")),
    });
    await expect(train({ ...plain(counting), batches: failing })).rejects.toThrow("no batch");
    expect(open).toBe(0);
  });

  it("keeps the first best epoch, and a last checkpoint of every epoch", async () => {
    const kept = recorder();
    const { epochs } = await train({ ...plain(runtime), epochs: 6, validation, recorder: kept });
    const accuracies = epochs.map(({ validationAccuracy }) => validationAccuracy!);
    const rising = accuracies.flatMap((accuracy, i) =>
      accuracy > Math.max(-1, ...accuracies.slice(0, i)) ? i + 1 : [],
    );
    const bests = kept.checkpoints.filter(({ name }) => name === "best");
    expect(bests.map(({ progress }) => progress.step / 3)).toEqual(rising);
    expect(bests.map(({ progress }) => progress.best!.epoch)).toEqual(rising);
    expect(kept.checkpoints.filter(({ name }) => name === "last").length).toBe(6);
  });

  it("has no best checkpoint without validation images", async () => {
    const kept = recorder();
    const { epochs } = await train({ ...plain(runtime), recorder: kept });
    expect(kept.checkpoints.map(({ name }) => name)).toEqual(["last", "last", "last"]);
    expect(epochs[0]).not.toHaveProperty("validationAccuracy");
  });

  it("does not save weights that are not finite", async () => {
    const kept = recorder();
    // One step an epoch: the loss before it is finite, the weights after it are not.
    const exploding = { ...plain(nodeRuntime({ threads: 1 })), batch: 48, learningRate: 1e39, recorder: kept };
    await expect(train(exploding)).rejects.toThrow(/finite weights, got -?(Infinity|NaN) in \S+ after step 0/);
    expect(kept.checkpoints).toEqual([]);
    await exploding.runtime.close();
  });

  it("a controlled run records norms as often as any other", async () => {
    const kept = recorder();
    await train({ ...plain(runtime), control: paperCorrection(record), recorder: kept, measureEvery: 2 });
    expect(kept.rows.map(({ step }) => step)).toEqual([1, 3, 5, 6, 7, 9]); // every second, and ends of epochs
  });

  it.each([0, 0.1])("follows a record at a learning rate of %d and no weight decay", async (learningRate) => {
    const weights = async (options: Partial<TrainOptions>): Promise<Record<string, Tensor>> =>
      (await train({ ...plain(runtime), optimizer: sgd(), learningRate, ...options })).model.tensors();
    const held = await weights({ control: paperCorrection(record) });
    for (const { data: values } of Object.values(held))
      expect([...values].map(Number).every(Number.isFinite)).toBe(true);
    const stay = exactSchedule(
      translateSchedule({ rates: new Array(steps).fill(learningRate), momentum: 0.9, weightDecay: 0 }),
    );
    expect(await weights({ control: stay })).toEqual(await weights({})); // no decay to translate: the same training
  });
});

describe("measured gradients", async () => {
  const optimizer = sgd({ momentum: 0 });
  const options = { ...plain(referenceRuntime()), optimizer, measureEvery: 1 };
  const [with_, without] = [recorder(), recorder()];
  await (await train({ ...options, recorder: with_, measureGradients: true })).close();
  await (await train({ ...options, recorder: without })).close();

  it("are at unit norm: a plain step turns a weight by arctan(η‖g̃‖/‖w‖²)", () => {
    expect(with_.rows).toHaveLength(steps);
    for (const { norm, rotation, gradient } of with_.rows) {
      for (const [channel, angle] of rotation.entries()) {
        const turned = Math.atan((0.1 * gradient![channel]!) / norm[channel]! ** 2);
        expect(angle / turned).toBeCloseTo(1, 3); // ε of the batch-norm leaves a radial part
        expect(angle).toBeGreaterThan(1e-4);
      }
    }
  });

  it("are not there unless asked for, and change nothing", () => {
    expect(without.rows.every(({ gradient }) => gradient === undefined)).toBe(true);
    expect(without.rows).toEqual(with_.rows.map(({ gradient: _, ...rest }) => rest));
  });
});

describe("wrong options", () => {
  const base = plain(referenceRuntime());
  const exact = exactSchedule(translateSchedule({ rates, momentum: 0.9, weightDecay: 0.02 }));
  const own = (numbers: { momentum?: number; rateFactor?: number }) => ({
    groups: [{ name: "own", match: scaleInvariant(), ...numbers }],
  });
  const sgdw = translateSchedule({ rates, momentum: 0.9, weightDecay: 0.02, optimizer: "sgdw" });

  const cases: readonly [string, () => Partial<TrainOptions>, RegExp][] = [
    ["a batch larger than the data", () => ({ batch: 49 }), /a batch of at most 48, .*got 49/],
    [
      "a warm-up longer than the run",
      () => ({ schedule: warmup("4e") }),
      /a warm-up shorter than the run \(9 steps\), got 12/,
    ],
    ["too few logits", () => ({ network: linearOnly(2) }), /outputs are \[16, at least 3\].*got \[16,2\]/],
    [
      "a single class",
      () => ({ data: { ...data, labels: data.labels.map(() => 0), classes: ["all"] } }),
      /at least 2 classes, got 1/,
    ],
    [
      "no weights for an optimizer that acts on norms",
      () => ({ network: linearOnly(3), optimizer: sgdp() }),
      /an optimizer with projection: expected a network with scale-invariant weights, got none/,
    ],
    [
      "a control and an optimizer that acts on norms",
      () => ({ control: paperCorrection(record), optimizer: sgdp() }),
      /paper-correction: expected an optimizer that treats .* as all others, got one with projection/,
    ],
    [
      "the exact schedule and adaptive clipping",
      () => ({ control: exact, optimizer: withAdaptiveClip(sgd(), 0.1) }),
      /the limit does not follow the norms, got adaptive clipping at 0.1/,
    ],
    [
      "a group's adaptive clipping without the optimizer's",
      () => ({ groups: [{ name: "all", match: () => true, adaptiveClip: 0.1 }] }),
      /no limit of adaptive clipping in groups, got 0.1; use withAdaptiveClip/,
    ],
    ["nothing to control", () => ({ network: linearOnly(3), control: exact }), /scale-invariant weights, got none/],
    [
      "the exact schedule and Nesterov",
      () => ({ control: exact, optimizer: sgd({ nesterov: true }) }),
      /exact-schedule: expected heavy-ball momentum, got Nesterov/,
    ],
    [
      "the exact schedule and Adam",
      () => ({ control: exact, optimizer: adam() }),
      /expected stochastic gradient descent/,
    ],
    [
      "the paper's correction and Adam",
      () => ({ control: paperCorrection(record), optimizer: adamw() }),
      /paper-correction: expected stochastic gradient descent, got an adaptive one/,
    ],
    [
      "the exact schedule and clipped gradients",
      () => ({ control: exact, optimizer: sgd({ clipNorm: 1 }) }),
      /gradients that are not clipped.*got a clipNorm of 1/,
    ],
    [
      "a group's momentum and Adam",
      () => ({ optimizer: adam(), ...own({ momentum: 0.5 }) }),
      /no momentum in groups of an adaptive optimizer, got 0.5/,
    ],
    [
      "the exact schedule and decoupled decay",
      () => ({ control: exact, optimizer: sgd({ decay: "decoupled" }) }),
      /exact-schedule: expected coupled weight decay, got decoupled/,
    ],
    [
      "the exact schedule of another momentum",
      () => ({ control: exact, optimizer: sgd({ momentum: 0.8 }) }),
      /group rest: expected the momentum that it was made for, 0.9, got 0.8/,
    ],
    ["and of another in a group", () => ({ control: exact, ...own({ momentum: 0.5 }) }), /group own: .* 0.9, got 0.5/],
    ["and at another rate", () => ({ control: exact, ...own({ rateFactor: 2 }) }), /a rate factor of 1, got 2/],
    [
      "a schedule of changing momentum",
      () => ({ control: exactSchedule(sgdw) }),
      /the same momentum at every step, 0.9/,
    ],
    [
      "a record of another network",
      () => ({ control: paperCorrection({ steps, at: async () => new Map() }) }),
      /4 channels of 0.weight, got none/,
    ],
    [
      "a record of another width",
      () => ({
        control: normSchedule(
          { steps, at: async () => new Map([["0.weight", new Float32Array(8)]]) },
          { learningRate: 1 },
        ),
      }),
      /4 channels of 0.weight, got 8/,
    ],
  ];
  const linearOnly = (outputs: number) => sequential(globalAveragePool(), linear(outputs));

  it.each(cases)("%s", async (_, options, message) => {
    await expect((async () => train({ ...base, ...options() }))()).rejects.toThrow(message);
  });

  it("but another rate beside the controlled weights is fine", async () => {
    const groups = [{ name: "rest", match: () => true, rateFactor: 2, momentum: 0.5 }];
    const controlled = { name: "controlled", match: scaleInvariant() };
    await expect(train({ ...base, control: exact, groups: [controlled, ...groups] })).resolves.toBeDefined();
  });
});
