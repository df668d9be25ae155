import { describe, expect, it } from "vitest";
import { numbersOf } from "../../src/core/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import {
  type GoldenTraining,
  goldenBatch,
  goldenInitial,
  hashes,
  type Kind,
  norm,
  readGoldenTraining,
  type Summary,
  summarize,
  summaryDistance,
  uniformHashes,
} from "../support/golden-values.js";
import { distance, repeatTraining, type Trained, type Values, wholeNorm } from "./golden-training.js";

const recorded = [1, 10] as const;
const kinds: readonly Kind[] = ["gradients", "parameters", "statistics"];

/**
 * The largest distance of any tensor from its golden summary, relative to the tensor's norm; for tensors that are
 * nearly nothing, to 1e-5 of all tensors together: the gradient of a bias before a batch-norm is zero but for rounding.
 */
function largestDistance(values: Values, golden: Readonly<Record<string, Summary>>): number {
  expect(Object.keys(values).sort()).toEqual(Object.keys(golden).sort());
  const smallest = 1e-5 * wholeNorm(values);
  return Math.max(
    ...Object.entries(golden).map(([name, summary]) =>
      summaryDistance(name, values[name]!, summary, Math.max(summary.norm, smallest)),
    ),
  );
}

const relativeErrors = (values: readonly number[], truth: readonly number[]): number[] =>
  truth.map((value, i) => Math.abs(values[i]! - value) / Math.abs(value));

const rootMeanSquare = (values: readonly number[]): number => norm(values) / Math.sqrt(values.length);

describe("the golden generator", () => {
  const golden = readGoldenTraining("vgg11-quarter");

  it("gives the numbers of its Python twin", () => {
    const { seed, batch, generator } = golden;
    expect([...hashes("pin", 4)]).toEqual(generator.hashes);
    expect([...uniformHashes("pin", 4)]).toEqual(generator.uniform);
    expect(numbersOf(goldenInitial(seed, "conv1.weight", [16, 3, 3, 3])).slice(0, 4)).toEqual(generator.initial);
    const { images, labels } = goldenBatch(seed, 1, batch);
    expect(numbersOf(images).slice(0, 8)).toEqual(generator.pixels);
    expect(numbersOf(images).reduce((sum, pixel) => sum + pixel)).toBe(generator.pixelSum);
    expect(numbersOf(labels)).toEqual(generator.labels);
  });

  it("has summaries that see a change of 1e-8 anywhere", () => {
    const values = uniformHashes("any", 500);
    const summary = summarize("x", values);
    expect(summaryDistance("x", values, summary, summary.norm)).toBe(0);
    for (const element of [0, 7, 8, 123, 499]) {
      const changed = values.map((value, i) => (i === element ? value + 1e-8 * summary.norm : value));
      expect(summaryDistance("x", changed, summary, summary.norm)).toBeGreaterThan(1e-10);
    }
  });
});

describe.each(["vgg11-quarter", "resnet20"])("%s against PyTorch", (name) => {
  const golden: GoldenTraining = readGoldenTraining(name);
  let truth: Promise<Trained> | undefined;
  const reference = (): Promise<Trained> => {
    truth ??= repeatTraining(golden, referenceRuntime(), { steps: 10, recorded });
    return truth;
  };

  it("trains ten steps in float64 alike to 1e-9", { timeout: 300_000 }, async () => {
    const { losses, at } = await reference();
    expect(Math.max(...relativeErrors(losses, golden.losses))).toBeLessThan(1e-9);
    for (const step of recorded) {
      for (const kind of kinds) {
        expect(largestDistance(at[step]![kind], golden.steps[`${step}`][kind]), `${kind} at ${step}`).toBeLessThan(
          1e-9,
        );
      }
    }
  });

  // The blocked lowering adds in yet another order and takes the variance in one pass: it is allowed three times. It sums each
  // map in one stage, and 1,024 terms of one sign are off by √1024 · 2⁻²⁴ where roundings are a random walk.
  it.each([
    ["portable", 2, 0],
    ["blocked", 3, Math.sqrt(1024) * 2 ** -24],
  ] as const)(
    "trains ten steps in float32, %s, within %i times PyTorch's own distance from float64",
    {
      timeout: 300_000,
    },
    async (lowering, times, least) => {
      const truth = await reference();
      const runtime = await nodeRuntime({ threads: 2, lowering });
      const own = await repeatTraining(golden, runtime, { steps: 10, recorded });
      await runtime.close();
      // Two summation orders of the same program: their difference is chance, the larger is PyTorch's distance.
      const torch = [golden.float32["default, 1 thread"]!, golden.float32["default, 2 threads"]!];
      const largest = (of: (setting: (typeof torch)[number]) => number): number => Math.max(...torch.map(of));

      const lossError = rootMeanSquare(relativeErrors(own.losses, truth.losses));
      const torchLossError = largest(({ losses }) => rootMeanSquare(relativeErrors(losses, golden.losses)));
      expect(lossError, "losses").toBeLessThan(times * torchLossError);
      for (const step of recorded) {
        for (const kind of kinds) {
          const { whole, each } = distance(own.at[step]![kind], truth.at[step]![kind]);
          const torchWhole = largest((setting) => setting.distance[`${step}`][kind].whole);
          expect(whole, `${kind} at ${step}`).toBeLessThan(times * torchWhole);
          if (step !== 1) continue; // later, each tensor's share is what earlier roundings happened to become
          for (const [tensor, apart] of Object.entries(each)) {
            // A few numbers may round luckily in PyTorch: then the bound is the typical distance. A bias before a
            // batch-norm has no gradient but rounding.
            const torchOwn = largest((setting) => setting.distance["1"][kind].each[tensor]!);
            if (torchOwn < 1)
              expect(apart, `${kind} of ${tensor}`).toBeLessThan(Math.max(times * torchOwn, times * torchWhole, least));
          }
        }
      }
    },
  );
});

describe("Nesterov momentum", () => {
  it("equals PyTorch's in float64 to 1e-9, three steps of VGG11 at quarter width", { timeout: 300_000 }, async () => {
    const golden = readGoldenTraining("vgg11-quarter");
    const { losses, at } = await repeatTraining(golden, referenceRuntime(), {
      steps: 3,
      recorded: [3],
      nesterov: true,
    });
    expect(Math.max(...relativeErrors(losses, golden.nesterov!.losses))).toBeLessThan(1e-9);
    expect(largestDistance(at[3]!.parameters, golden.nesterov!.parameters)).toBeLessThan(1e-9);
    // Heavy ball is another training: the comparison would see it.
    expect(Math.abs(losses[2]! - golden.losses[2]!) / golden.losses[2]!).toBeGreaterThan(1e-3);
  });
});
