import { afterAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/core/index.js";
import type { Runtime } from "../../../src/graph/index.js";
import { resnet, resnetCifar, vgg } from "../../../src/models/index.js";
import {
  batchNorm,
  ghostBatchNorm,
  groupNorm,
  l1,
  l2,
  lInf,
  lp,
  type Metric,
  range,
  topK,
} from "../../../src/norm/index.js";
import { blocked, toOnnx } from "../../../src/onnx/index.js";
import { adamw } from "../../../src/optim/index.js";
import { referenceRuntime } from "../../../src/reference/index.js";
import { nodeRuntime, onnxSession } from "../../../src/runtime/node/index.js";
import { machineBlock } from "../../support/blocked-layout.js";
import { difference } from "../../support/compare.js";
import { EmulatedBlocks } from "../../support/emulated-blocks.js";
import { runModel } from "../../support/run-model.js";
import { type Case, stepOf } from "../../support/training-steps.js";
import { withoutPlan } from "../../support/without-plan.js";

/** The machine's block, and the other one, emulated. */
const own = await machineBlock();
const other = own === 8 ? 16 : 8;

const runtimes = {
  blocked: nodeRuntime({ threads: 2, lowering: "blocked" }),
  portable: nodeRuntime({ threads: 2, lowering: "portable" }),
};
afterAll(() => Promise.all(Object.values(runtimes).map((runtime) => runtime.close())));

async function stepped(runtime: Runtime, { program, feeds, state }: Case): Promise<Record<string, Tensor>> {
  const held = await runtime.createState(state);
  const session = await runtime.load(program);
  const outputs = await session.run(feeds, { state: held });
  const after = await held.read();
  await session.close();
  await held.close();
  return { ...outputs, ...after };
}

/** The momentum after the first step is the gradient and the decay. */
const isGradient = (name: string): boolean => name.startsWith("optimizer/momentum/");

/** Largest relative difference of the gradients and running statistics. Gradients that are zero but for rounding are left out. */
function distance(found: Record<string, Tensor>, truth: Record<string, Tensor>): number {
  const names = Object.keys(truth);
  const largest = Math.max(...names.filter(isGradient).map((name) => norm(truth[name]!)));
  const compared = names.filter((name) =>
    isGradient(name) ? norm(truth[name]!) > 1e-5 * largest : /^loss$|running_/.test(name),
  );
  return Math.max(...compared.map((name) => difference(found[name]!, truth[name]!).relative));
}

const norm = ({ data }: Tensor): number => Math.sqrt((data as Float32Array).reduce((sum, x) => sum + x * x, 0));

const metrics: readonly Metric[] = [l2(), l1(), lInf(), topK(10), lp(3), range()];
const networks: Record<string, (seed: number) => Case> = {
  "ResNet-8": (seed) => stepOf(resnetCifar({ depth: 8 }), 8, 32, seed),
  "ResNet-8, AdamW": (seed) => stepOf(resnetCifar({ depth: 8 }), 8, 32, seed, { optimizer: adamw() }),
  "ResNet-8 of half width, measured": (seed) =>
    stepOf(resnetCifar({ depth: 8, width: 0.5 }), 8, 32, seed, { measure: true }),
  "ResNet-8 of 12, 24 and 48 channels": (seed) => stepOf(resnetCifar({ depth: 8, width: 0.75 }), 8, 32, seed),
  "VGG-11 of a quarter": (seed) => stepOf(vgg({ width: 0.25 }), 8, 32, seed),
  "VGG-11 without normalization": (seed) => stepOf(vgg({ width: 0.25, norm: "none" }), 8, 32, seed),
  "ResNet-18 on small images": (seed) => stepOf(resnet({ depth: 18, stem: "cifar", width: 0.25 }), 4, 32, seed),
  "ResNet-50 with its stem": (seed) => stepOf(resnet({ depth: 50, width: 0.25 }), 2, 64, seed),
  "ghost batch-norm": (seed) => stepOf(resnetCifar({ depth: 8, norm: () => ghostBatchNorm({ size: 4 }) }), 8, 32, seed),
  "group norm": (seed) => stepOf(resnetCifar({ depth: 8, norm: () => groupNorm({ groups: 4 }) }), 8, 32, seed),
  "half precision": (seed) =>
    stepOf(resnetCifar({ depth: 8 }), 8, 32, seed, {
      precision: { storage: "float16", normAccumulator: "fp32" } as never,
    }),
  ...Object.fromEntries(
    metrics.map((metric) => [
      `ResNet-8, ${metric.name}`,
      (seed) => stepOf(resnetCifar({ depth: 8, norm: () => batchNorm({ metric }) }), 8, 32, seed),
    ]),
  ),
};

/**
 * In float32 some ReLU or pooling near its edge may decide otherwise than in float64, which moves everything behind it by
 * percents, in these small batches. That is a matter of luck: of four initializations one has no such element, and there
 * nothing but rounding may differ. A wrong operator is wrong in all four.
 */
const seeds = [1, 2, 3, 4];

describe.each(Object.entries(networks))("a step of %s", (name, build) => {
  // Values rounded to halves differ by a whole step of the format where float32 differs by a bit.
  // And among the 50 layers of the last one there is always some element near its edge.
  const bound = { "half precision": 5e-2, "ResNet-50 with its stem": 1e-1 }[name] ?? 2e-4;

  it("is the same by both lowerings and the reference", async () => {
    const closest = { blocked: Infinity, portable: Infinity };
    for (const seed of seeds) {
      const step = build(seed);
      const truth = await stepped(referenceRuntime(), step);
      for (const lowering of ["blocked", "portable"] as const) {
        const found = await stepped(runtimes[lowering], step);
        closest[lowering] = Math.min(closest[lowering], distance(found, truth));
      }
      if (closest.blocked < bound && closest.portable < bound) return;
    }
    expect(closest.blocked).toBeLessThan(bound);
    expect(closest.portable).toBeLessThan(bound);
  });
});

describe.each([8, 16])("with blocks of %i, emulated", (block) => {
  it.each([
    ["ResNet-8", (seed: number) => stepOf(resnetCifar({ depth: 8, width: 0.75 }), 4, 32, seed)],
    [
      "ResNet-8 with Top-10 batch-norm",
      (seed: number) =>
        stepOf(resnetCifar({ depth: 8, width: 0.75, norm: () => batchNorm({ metric: topK() }) }), 4, 32, seed),
    ],
    ["VGG-11", (seed: number) => stepOf(vgg({ width: 0.125 }), 2, 32, seed)],
    ["ResNet-18 with its stem", (seed: number) => stepOf(resnet({ depth: 18, width: 0.25 }), 2, 64, seed)],
  ] as const)("a step of %s is the reference's", async (_, build) => {
    let closest = Infinity;
    for (const seed of seeds) {
      const { program, feeds, state } = build(seed);
      const truth = await stepped(referenceRuntime(), { program, feeds, state });
      const lowering = { ...blocked({ block }), emitter: () => new EmulatedBlocks(block) };
      const session = await onnxSession(toOnnx(program, { lowering }), { threads: 1 });
      const results = await session.run({ ...state, ...feeds });
      await session.close();
      const named = Object.entries(results).map(([name, value]) => [name.replace(/^next\//, ""), value] as const);
      closest = Math.min(closest, distance({ ...state, ...Object.fromEntries(named) }, truth));
      if (closest < 2e-4) return;
    }
    expect(closest).toBeLessThan(2e-4);
  });
});

describe.each([
  [`blocks of ${own}`, (plan: number) => withoutPlan(own, plan)],
  [
    `emulated blocks of ${other}`,
    (plan: number) => ({ ...withoutPlan(other, plan), emitter: () => new EmulatedBlocks(other) }),
  ],
] as const)("with any implementation of each value, by %s,", (_, lowering) => {
  it.each([
    ["ResNet-8", (seed: number) => stepOf(resnetCifar({ depth: 8, width: 0.75 }), 4, 8, seed)],
    ["VGG-11", (seed: number) => stepOf(vgg({ width: 0.125 }), 4, 32, seed)],
    ["ResNet-18 with its stem", (seed: number) => stepOf(resnet({ depth: 18, width: 0.25 }), 2, 64, seed)],
    [
      "group norm",
      (seed: number) => stepOf(resnetCifar({ depth: 8, norm: () => groupNorm({ groups: 4 }) }), 2, 8, seed),
    ],
  ] as const)("a step of %s is the reference's", async (_, build) => {
    const closest = new Map([1, 2, 3].map((plan) => [plan, Infinity]));
    for (const seed of seeds) {
      const { program, feeds, state } = build(seed);
      const truth = await stepped(referenceRuntime(), { program, feeds, state });
      for (const [plan, before] of closest) {
        const results = await runModel(toOnnx(program, { lowering: lowering(plan) }), { ...state, ...feeds });
        const named = Object.entries(results).map(([name, value]) => [name.replace(/^next\//, ""), value] as const);
        closest.set(plan, Math.min(before, distance({ ...state, ...Object.fromEntries(named) }, truth)));
      }
      if (Math.max(...closest.values()) < 2e-4) return;
    }
    expect([...closest].filter(([, found]) => found >= 2e-4)).toEqual([]);
  });
});
