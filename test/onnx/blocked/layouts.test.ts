import { describe, expect, it, vi } from "vitest";
import { type RandomStream, randomStream } from "../../../src/core/index.js";
import type { Program, Value } from "../../../src/graph/index.js";
import * as g from "../../../src/graph/index.js";
import { resnet, resnetCifar, vgg } from "../../../src/models/index.js";
import { blocked, explainLayouts, toOnnx } from "../../../src/onnx/index.js";
import { type Assignment, assignLayouts } from "../../../src/onnx/lower/blocked/layout/assign.js";
import * as conversion from "../../../src/onnx/lower/blocked/layout/conversion.js";
import type { Implementation, Layout } from "../../../src/onnx/lower/blocked/layout/implementation.js";
import { stepOf } from "../../support/training-steps.js";

const layouts = ["plain", "blocked", "batchLast"] as const;

/** Values to compute, and ways to. */
interface Problem {
  readonly values: readonly Value[];
  readonly choices: ReadonlyMap<Value, readonly Implementation[]>;
  readonly images: ReadonlySet<Value>;
  readonly results: ReadonlySet<Value>;
}

/** Images of two sizes, each made of those before it, or of the last one alone; every computation in every layout, at random costs. */
function problem(random: RandomStream, steps: number, chain: boolean): Problem {
  const graph = new g.Graph();
  const images = [graph.input("x", [2, 16, 4, 4])];
  for (let step = 0; step < steps; step++) {
    const [a, b] = [images.at(-1)!, images[random.integer(images.length)]!];
    const joined = !chain && String(a.shape) === String(b.shape) && random.integer(2) > 0;
    const pooled = a.shape[2]! > 2 && random.integer(4) === 0;
    images.push(joined ? g.add(a, b) : pooled ? g.maxPool2d(a, { kernel: 2 }) : g.relu(a));
  }
  const last = images.at(-1)!;
  // Between a pass and the dearest conversion.
  const cost = (): number => random.uniform() * conversion.conversionCost(images[0]!.shape, "blocked", "batchLast");
  const choices = new Map<Value, Implementation[]>();
  for (const value of images) {
    const { source } = value;
    if (source.kind !== "apply") continue;
    const all = layouts.map((layout) => ({
      layout,
      operands: source.inputs.map(() => layout),
      cost: cost(),
      emit: "portable" as const,
    }));
    // Some read another layout than they give, and some cannot do one.
    const odd = { ...all[0]!, layout: layouts[random.integer(3)]!, cost: cost() };
    choices.set(value, [...all.filter(() => random.integer(4) > 0), odd]);
  }
  return { values: images, choices, images: new Set(images), results: new Set([last]) };
}

/** What an assignment takes altogether. */
function costOf({ values, results }: Problem, assignment: Assignment): number {
  const wanted = new Map<Value, Set<Layout>>(
    values.map((value) => [value, new Set(results.has(value) ? ["plain"] : [])]),
  );
  let total = 0;
  for (const [value, { cost, operands }] of assignment) {
    total += cost;
    if (value.source.kind === "apply")
      for (const [at, input] of value.source.inputs.entries()) wanted.get(input)!.add(operands[at]!);
  }
  for (const [value, layouts] of wanted) {
    for (const to of layouts)
      total += conversion.conversionCost(value.shape, assignment.get(value)?.layout ?? "plain", to);
  }
  return total;
}

/** The least that any assignment takes. */
function least(given: Problem): number {
  const open = [...given.choices];
  const assignment = new Map<Value, Implementation>();
  function from(at: number): number {
    if (at === open.length) return costOf(given, assignment);
    const [value, options] = open[at]!;
    return Math.min(
      ...options.map((option) => {
        assignment.set(value, option);
        return from(at + 1);
      }),
    );
  }
  return from(0);
}

describe("assigned layouts", () => {
  it.each([
    ["chains", true, 1.2],
    ["graphs", false, 1.35],
  ])("are mostly the best of %s, and never far from it", (_, chain, worst) => {
    const ratios = Array.from({ length: 100 }, (_, seed) => {
      const given = problem(randomStream(seed, "layouts"), 7, chain);
      return costOf(given, assignLayouts(given.values, given.choices, given.images, given.results)) / least(given);
    });
    expect(ratios.filter((ratio) => ratio > 1 + 1e-9).length).toBeLessThanOrEqual(10);
    expect(Math.max(...ratios)).toBeLessThan(worst);
    // The least is the least.
    expect(Math.min(...ratios)).toBeGreaterThan(1 - 1e-9);
  });

  const networks = {
    "ResNet-20": { build: () => stepOf(resnetCifar({ depth: 20 }), 128, 32, 1), most: 0 },
    "VGG-11": { build: () => stepOf(vgg(), 128, 32, 1), most: 8 },
    "ResNet-18 on small images": { build: () => stepOf(resnet({ depth: 18, stem: "cifar" }), 64, 32, 1), most: 10 },
  };
  it.each(Object.entries(networks))("leave in a step of %s the conversions that a text lists", (_, { build, most }) => {
    const { program } = build();
    const lines = explainLayouts(program, { block: 16 }).split("\n");
    const conversions = lines.filter((line) => / → \w+ for (%|a result)/.test(line)).length;
    expect(lines.at(-1)).toMatch(new RegExp(`^${conversions} conversions of \\d+\\.\\d MB$`));
    expect(emittedConversions(program)).toBe(conversions);
    expect(conversions).toBeLessThanOrEqual(most);
  });

  it("are told with shapes, costs, and who wants what", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [64, 64, 32, 32]);
    const y = g.conv2d(x, graph.input("w", [64, 64, 3, 3]), { padding: 1 });
    const lines = explainLayouts({ graph, outputs: { y } }, { block: 16 }).split("\n");
    expect(lines.map((line) => line.replace(/\d+\.\d\d ms$/, "… ms").replace(/ +/g, " "))).toEqual([
      "%1 input [64,64,32,32] plain ",
      " plain → blocked for %2, 16.8 MB",
      "%2 conv2d(%1) [64,64,32,32] blocked … ms",
      " blocked → plain for a result, 16.8 MB",
      "2 conversions of 33.6 MB",
    ]);
  });
});

/** Conversions that the emission makes: counted as they are called for. */
function emittedConversions(program: Program): number {
  const spied = vi.spyOn(conversion, "convert");
  toOnnx(program, { lowering: blocked({ block: 16 }) });
  const calls = spied.mock.calls.filter(([, , , from, to]) => from !== to).length;
  spied.mockRestore();
  return calls;
}
