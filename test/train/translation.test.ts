import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { batchShapes, evaluationTextBatches, type TokenPairs } from "../../src/data/index.js";
import { translateSchedule } from "../../src/dynamics/index.js";
import { Graph, type Runtime } from "../../src/graph/index.js";
import { lstmTranslator, openDecoder, type Translator, transformer } from "../../src/models/index.js";
import { weightNorm } from "../../src/norm/index.js";
import { adam, exactSchedule, inverseSqrt, named, sgd } from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import {
  type Checkpoint,
  initialState,
  networkScope,
  type TranslationTrainOptions,
  trainTranslator,
  translationEvaluator,
} from "../../src/train/index.js";

const vocabulary = 9;

/** Sentences of three to five of six words; each is "translated" into the same words backwards, plus one. */
function backwards(count: number, seed: number): TokenPairs {
  const random = randomStream(seed, "sentences");
  const source = Array.from({ length: count }, () =>
    Array.from({ length: 3 + random.integer(3) }, () => 3 + random.integer(6)),
  );
  return { source, target: source.map((words) => words.map((word) => 3 + ((word - 2) % 6)).reverse()) };
}

const pairs = backwards(1000, 1);
const validation = backwards(50, 2);
const shapes = batchShapes(pairs, { tokens: 240, count: 2 });
const small: Translator = transformer({ vocabulary, width: 32, layers: 1, heads: 2, dropout: 0.1 });

const optionsOf = (network: Translator, runtime: Runtime, epochs: number): TranslationTrainOptions => ({
  network,
  pairs,
  validation,
  runtime,
  shapes,
  epochs,
  learningRate: 0.005,
  schedule: inverseSqrt(20),
  optimizer: adam({ beta2: 0.98 }),
  seed: 3,
});

async function withRuntime<T>(use: (runtime: Runtime) => Promise<T>): Promise<T> {
  const runtime = nodeRuntime({ threads: 1 });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}

describe("trainTranslator", () => {
  it.each<[string, Translator, number]>([
    ["a Transformer", small, 30],
    [
      "a Transformer with weight norm",
      transformer({ vocabulary, width: 32, layers: 1, heads: 2, weightNorm: weightNorm() }),
      30,
    ],
    ["an LSTM", lstmTranslator({ vocabulary, width: 32, layers: 1 }), 25],
  ])(
    "teaches %s to say sentences backwards, which it then does",
    async (_name, network, epochs) => {
      await withRuntime(async (runtime) => {
        const result = await trainTranslator({ ...optionsOf(network, runtime, epochs), smoothing: 0 });
        expect(result.epochs.at(-1)!.validationLoss).toBeLessThan(0.3);
        const decoder = await openDecoder(runtime, network, await result.state.read(), { beam: 3 });
        const batches = evaluationTextBatches(validation, { shapes });
        let right = 0;
        for (let index = 0; index < batches.batchesPerEpoch; index++) {
          const { source, size, rows } = await batches.batch(0, index);
          const found = await decoder.translate(source, size);
          for (const [row, { tokens }] of found.entries()) {
            if (tokens.join() === validation.target[rows[row]!]!.join()) right++;
          }
        }
        expect(right).toBeGreaterThan(40);
        await decoder.close();
        await result.close();
      });
    },
    60_000,
  );

  it("checks the rules for all parameters, before anything is made", async () => {
    const schedule = translateSchedule({ rates: [0.1], momentum: 0.9, weightDecay: 1e-3 });
    const network = transformer({ vocabulary, width: 32, layers: 1, heads: 2, weightNorm: weightNorm() });
    const options = {
      ...optionsOf(network, referenceRuntime(), 1),
      optimizer: sgd(),
      control: exactSchedule(schedule),
    };
    const groups = [{ name: "inner", match: named(/linear1/), rateFactor: 0.5 }];
    await expect(trainTranslator({ ...options, groups })).rejects.toThrow(/inner: expected a rate factor of 1/);
  });

  it("resumes to the same bits, dropout included", async () => {
    await withRuntime(async (runtime) => {
      const kept: Checkpoint[] = [];
      const recorder = { norms() {}, log() {}, checkpoint: (_: string, one: Checkpoint) => void kept.push(one) };
      const whole = await trainTranslator({
        ...optionsOf(small, runtime, 2),
        validation: undefined as never,
        recorder,
      });
      const straight = await whole.state.read();
      const middle = kept.findLast(({ progress }) => progress.step === whole.progress.step / 2)!;
      const rest = await trainTranslator({
        ...optionsOf(small, runtime, 2),
        resume: { ...middle, epochs: whole.epochs.slice(0, 1) },
      });
      expect(await rest.state.read()).toEqual(straight);
      expect(rest.epochs[1]!.trainLoss).toBe(whole.epochs[1]!.trainLoss);
      await whole.close();
      await rest.close();
    });
  });

  it("refuses a smoothing of 1", async () => {
    const options = { ...optionsOf(small, referenceRuntime(), 1), smoothing: 1 };
    await expect(trainTranslator(options)).rejects.toThrow("a smoothing in [0, 1), got 1");
  });
});

it("the validation loss is the mean over all tokens, however the sentences are batched", async () => {
  const runtime = referenceRuntime();
  const scope = networkScope(new Graph(), { training: true });
  small
    .open(scope)
    .encode(scope.graph.input("source", [1, 2], "int32"))
    .logits(scope.graph.input("target", [1, 2], "int32"));
  const { parameters, buffers } = scope;
  const state = await runtime.createState(initialState({ parameters, buffers, slots: [] }, 1));
  const judge = translationEvaluator(runtime, small);
  const few = backwards(7, 5);
  const verdicts = [];
  for (const tokens of [6, 12, 40]) {
    verdicts.push(
      await judge.evaluate(state, evaluationTextBatches(few, { shapes: batchShapes(few, { tokens, count: 2 }) })),
    );
  }
  const tokens = few.target.reduce((sum, words) => sum + words.length + 1, 0);
  for (const verdict of verdicts) expect(verdict).toEqual({ loss: expect.closeTo(verdicts[0]!.loss, 10), tokens });
});
