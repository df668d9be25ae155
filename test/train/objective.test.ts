import { afterAll, expect, it } from "vitest";
import { numbersOf, randomStream, type Tensor, tensor } from "../../src/core/index.js";
import { mul, type Runtime, reshape, square, sub, total } from "../../src/graph/index.js";
import { linear } from "../../src/nn/index.js";
import { sgd } from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import {
  type Checkpoint,
  type EpochBasics,
  epochBasics,
  initialState,
  type Objective,
  type StepBatch,
  type StepBatchSource,
  trainingEngine,
  trainingLoop,
} from "../../src/train/index.js";

// Least squares on rows that come two, three or five at a time: several programs on one state, and an epoch's mean loss
// that is one per row, not per batch.

const width = 3;
const sizes = [2, 5, 3, 5];
const random = randomStream(1, "rows");
const batches: StepBatch[] = sizes.map((rows) => ({
  shape: [rows],
  feeds: {
    x: tensor(
      Float32Array.from({ length: rows * width }, () => random.normal()),
      [rows, width],
    ),
    y: tensor(
      Float32Array.from({ length: rows }, () => random.normal()),
      [rows],
    ),
  },
  items: rows,
}));
const source: StepBatchSource = {
  batchesPerEpoch: sizes.length,
  batch: async (_, index) => batches[index]!,
  close: async () => {},
};

const leastSquares: Objective = {
  weight: "rows",
  apply(scope, [rows]) {
    const { graph } = scope;
    const predicted = reshape(linear(1).apply(graph.input("x", [rows!, width]), scope), [rows!]);
    const errors = total(square(sub(predicted, graph.input("y", [rows!]))));
    return { loss: mul(errors, 1 / rows!), counts: { rows: graph.constant(rows!), twice: graph.constant(2 * rows!) } };
  },
};

interface Ended {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly records: readonly (EpochBasics & { readonly twice: number })[];
  readonly checkpoints: readonly Checkpoint[];
  readonly losses: readonly number[];
}

async function trained(runtime: Runtime, stopAfter?: number, resume?: Ended): Promise<Ended> {
  const state = await runtime.createState({});
  const engine = trainingEngine(runtime, state, { objective: leastSquares, shape: [1], optimizer: sgd() });
  const stop = new AbortController();
  const checkpoints: Checkpoint[] = [];
  const losses: number[] = [];
  const { epochs } = await trainingLoop({
    engine,
    state,
    source,
    epochs: 2,
    learningRate: 0.05,
    record: (end) => ({ ...epochBasics(end), twice: end.progress.counts.twice! }),
    recorder: { norms() {}, log() {}, checkpoint: (_, checkpoint) => void checkpoints.push(checkpoint) },
    signal: stop.signal,
    onStep({ step, loss }) {
      losses.push(loss);
      if (step === stopAfter) stop.abort();
    },
    ...(resume ? { resume: { ...resume.checkpoints.at(-1)!, epochs: resume.records } } : {}),
  });
  const tensors = await state.read();
  await engine.close();
  return { tensors, records: epochs, checkpoints, losses };
}

it("trains one state on batches of several shapes, as by hand", async () => {
  const { tensors, losses } = await trained(referenceRuntime());
  const state = await referenceRuntime().createState({});
  const { step } = trainingEngine(referenceRuntime(), state, { objective: leastSquares, shape: [1], optimizer: sgd() });
  const name = (role: string): string => step.parameters.find((parameter) => parameter.role === role)!.name;
  const initial = initialState(step, 1);
  const w = numbersOf(initial[name("weight")]!).slice();
  let b = numbersOf(initial[name("bias")]!)[0]!;
  const m = [0, 0, 0, 0];
  for (let index = 0; index < 2 * sizes.length; index++) {
    const { feeds, items } = batches[index % sizes.length]!;
    const x = numbersOf(feeds.x!);
    const errors = numbersOf(feeds.y!).map((y, row) => w.reduce((sum, v, i) => sum + v * x[row * width + i]!, b) - y);
    expect(losses[index]).toBeCloseTo(errors.reduce((sum, e) => sum + e * e, 0) / items, 10);
    const slope = (of: (row: number) => number): number =>
      errors.reduce((sum, e, row) => sum + (2 * e * of(row)) / items, 0);
    for (let i = 0; i <= width; i++) m[i] = 0.9 * m[i]! + slope((row) => (i < width ? x[row * width + i]! : 1));
    for (let i = 0; i < width; i++) w[i]! -= 0.05 * m[i]!;
    b -= 0.05 * m[width]!;
  }
  expect(numbersOf(tensors[name("weight")]!)).toEqual(w.map((value) => expect.closeTo(value, 10)));
  expect(numbersOf(tensors[name("bias")]!)[0]).toBeCloseTo(b, 10);
});

it("tells an epoch's mean loss per row, and adds up counts", async () => {
  const { records, losses } = await trained(referenceRuntime());
  for (const [epoch, { trainLoss, twice }] of records.entries()) {
    const own = losses.slice(epoch * 4, epoch * 4 + 4);
    expect(trainLoss).toBeCloseTo(own.reduce((sum, loss, i) => sum + loss * sizes[i]!, 0) / 15, 12);
    expect(twice).toBe(30);
  }
});

it("resumes to the same bits within an epoch, float32", async () => {
  const runtime = nodeRuntime({ threads: 1 });
  afterAll(() => runtime.close());
  const whole = await trained(runtime);
  const stopped = await trained(runtime, 6);
  const resumed = await trained(runtime, undefined, stopped);
  expect(resumed.tensors).toEqual(whole.tensors);
  expect(resumed.records).toEqual(whole.records);
});
