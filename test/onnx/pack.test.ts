import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type RandomStream, randomStream, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { resnetCifar, vgg } from "../../src/models/index.js";
import { batchNorm, boundedWeightNorm, l1 } from "../../src/norm/index.js";
import { irVersion, lower, opset, portable, simplify } from "../../src/onnx/index.js";
import { pack } from "../../src/onnx/pack/pack.js";
import { ModelProtoSchema } from "../../src/onnx/proto/onnx_pb.js";
import { adamw, sgd, sgdp } from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { onnxSession } from "../../src/runtime/node/index.js";
import { imageClassification, initialState, type TrainingStepOptions, trainingStep } from "../../src/train/index.js";
import { normal } from "../support/random-tensors.js";

const modelOf = (program: g.Program): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      graph: lower(program, portable),
    }),
  );

const computed = ({ outputs, updates }: g.Program): g.Value[] =>
  g
    .neededValues([...Object.values(outputs), ...Object.values(updates ?? {})])
    .filter(({ source }) => source.kind === "apply");
const applied = (program: g.Program, name: g.PrimitiveName): g.Value[] =>
  computed(program).filter(({ source }) => source.kind === "apply" && source.primitive.name === name);

/** All results of three steps of a training, as bytes. */
async function threeSteps(program: g.Program, state: g.Tensors, feeds: g.Tensors): Promise<Record<string, Tensor>> {
  const session = await onnxSession(modelOf(program), { threads: 2 });
  let held = state;
  let results: Record<string, Tensor> = {};
  for (let step = 0; step < 3; step++) {
    const given = { ...feeds, ...held };
    results = await session.run(Object.fromEntries([...session.inputs.keys()].map((name) => [name, given[name]!])));
    held = {
      ...held,
      ...Object.fromEntries(Object.keys(program.updates!).map((name) => [name, results[`next/${name}`]!])),
    };
  }
  await session.close();
  return results;
}

const batch = 8;
const image = (network: g.Layer, rest: Partial<TrainingStepOptions> = {}): TrainingStepOptions => ({
  objective: imageClassification({
    network,
    shape: [3, 32, 32],
    pixels: "float32",
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  }),
  shape: [batch],
  optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
  ...rest,
});
const half: g.Precision = { storage: "float16", normAccumulator: "fp32" };
const steps: Readonly<Record<string, TrainingStepOptions>> = {
  "ResNet-20 by SGD": image(resnetCifar({ depth: 20 })),
  "ResNet-20 by AdamW, measured": image(resnetCifar({ depth: 20 }), { optimizer: adamw(), measure: true }),
  "ResNet-8 in half precision": image(resnetCifar({ depth: 8 }), { precision: half, measure: true }),
  "ResNet-8, its rates one per channel": image(resnetCifar({ depth: 8 }), {
    measure: true,
    measureGradients: true,
    control: { perChannel: true, scalesEpsilon: true },
  }),
  "ResNet-8 by projection, all gradients clipped": image(resnetCifar({ depth: 8 }), {
    optimizer: { ...sgdp({ momentum: 0.9, weightDecay: 1e-4 }), clipNorm: 1 },
  }),
  "VGG11 of a quarter's width with L1 batch-norm": image(
    vgg({ width: 0.25, norm: () => batchNorm({ metric: l1() }) }),
    { measure: true },
  ),
  "VGG11 of a quarter's width with bounded weight norm": image(vgg({ width: 0.25, weightNorm: boundedWeightNorm() }), {
    measure: true,
  }),
};

describe("pack", () => {
  it.each(Object.entries(steps))(
    "leaves every bit of three steps of %s",
    { timeout: 60_000 },
    async (_name, options) => {
      const step = trainingStep(options);
      const plain = simplify(step.program);
      const packed = pack(plain);
      expect(computed(packed).length).toBeLessThan(0.88 * computed(plain).length);
      const feeds: Record<string, Tensor> = {};
      for (const [name, { shape, dtype }] of plain.graph.inputs) {
        const labels = Int32Array.from({ length: sizeOf(shape) }, (_, i) => i % 10);
        if (dtype === "int32") feeds[name] = tensor(labels, shape, "int32");
        else
          feeds[name] =
            shape.length === 4 ? normal(name, shape) : tensor(new Float32Array(sizeOf(shape)).fill(0.01), shape);
      }
      const state = initialState(step, 1);
      const [expected, actual] = [await threeSteps(plain, state, feeds), await threeSteps(packed, state, feeds)];
      for (const [name, { data, shape }] of Object.entries(expected)) {
        expect(actual[name]!.shape, name).toEqual(shape);
        expect(Buffer.from(actual[name]!.data.buffer).equals(Buffer.from(data.buffer)), name).toBe(true);
      }
    },
  );

  it.each(Array.from({ length: 200 }, (_, seed) => seed))("keeps the results of a random graph (%i)", async (seed) => {
    const program = randomProgram(randomStream(seed, "pack"));
    const plain = simplify(program);
    const packed = pack(plain);
    const feeds = Object.fromEntries([...program.graph.inputs].map(([name, { shape }]) => [name, normal(name, shape)]));
    const [expected, actual] = await Promise.all(
      [plain, packed].map(async (one) => (await referenceRuntime().load(one)).run(feeds)),
    );
    expect(actual).toEqual(expected);
    // Cutting a vector into its pieces is one operator.
    const operators = computed(packed).length - applied(packed, "slice").length + cutVectors(packed).size;
    expect(operators).toBeLessThanOrEqual(computed(plain).length);
  });

  it("computes vectors of several lengths and axes at once", () => {
    const { graph, a, b, c, s } = vectors();
    const tree = (x: g.Value): g.Value => g.sub(x, g.mul(g.add(g.mul(x, 0.9), x), s));
    const packed = pack({ graph, outputs: { y1: tree(a), y2: tree(b), y3: tree(c) } });
    expect(
      computed(packed).map(({ source, shape }) => [(source as { primitive: g.Primitive }).primitive.name, shape]),
    ).toEqual([
      ["concat", [9]],
      ["mul", [9]],
      ["add", [9]],
      ["mul", [9]],
      ["sub", [9]],
      ["slice", [2]],
      ["slice", [3]],
      ["slice", [4]],
    ]);
  });

  const different: readonly [string, (x: g.Value, k: number) => g.Value][] = [
    ["constants", (x, k) => g.sub(g.mul(g.abs(x), k + 2), 1)],
    ["scalars", (x, k) => g.abs(g.mul(g.neg(x), x.graph.input(`s${k}`, [])))],
    ["operations", (x, k) => g.abs(g.neg([g.neg, g.abs, g.relu][k]!(x)))],
    ["parameters", (x, k) => g.cast(g.abs(x), (["float16", "float64", "bfloat16"] as const)[k]!)],
    ["forms", (x, k) => g.neg(g.abs(g.neg(g.reshape(x, k === 0 ? [-1] : k === 1 ? [-1, 1] : [1, -1]))))],
    ["what is not rounded exactly", (x) => g.exp(g.tanh(g.exp(x)))],
  ];
  it.each(different)("keeps apart what differs in its %s", (_what, build) => {
    const { graph, a, b, c } = vectors();
    const outputs = Object.fromEntries([a, b, c].map((x, k) => [`y${k}`, build(x, k)]));
    const program = { graph, outputs };
    expect(applied(pack(program), "slice").filter(({ shape }) => sizeOf(shape) > 0)).toHaveLength(0);
  });

  it("keeps apart what depends on another, however it gets there", () => {
    const { graph, a, b, c } = vectors();
    const tree = (x: g.Value): g.Value => g.neg(g.abs(g.neg(g.abs(x))));
    const y1 = tree(a);
    const sum = g.total(y1);
    const [y2, y3] = [b, c].map((x) => tree(g.exp(g.mul(x, sum))));
    const packed = pack({ graph, outputs: { y1, y2: y2!, y3: y3! } });
    expect(applied(packed, "slice").map(({ shape }) => shape)).toEqual([[3], [4]]); // y2 and y3, without y1
  });

  it("leaves alone what a large value depends on", () => {
    const { graph, a, b, c } = vectors();
    const tree = (x: g.Value): g.Value => g.neg(g.abs(g.neg(g.abs(x))));
    const large = g.mul(graph.input("large", [8192, 3]), tree(b));
    const packed = pack({ graph, outputs: { y1: tree(a), y3: tree(c), large } });
    expect(applied(packed, "slice").map(({ shape }) => shape)).toEqual([[2], [4]]);
  });

  it("comes before the updates of large weights, which begin with the last layer's in ONNX Runtime", () => {
    const { program } = trainingStep(steps["ResNet-20 by SGD"]!);
    const { updates = {} } = pack(simplify(program));
    const ids = (names: RegExp): number[] =>
      Object.entries(updates).flatMap(([name, { id }]) => (names.test(name) ? [id] : []));
    expect(Math.max(...ids(/^layer.*bn\d\.bias$/))).toBeLessThan(Math.min(...ids(/^layer.*conv\d\.weight$/)));
  });
});

function vectors(): { graph: g.Graph; a: g.Value; b: g.Value; c: g.Value; s: g.Value } {
  const graph = new g.Graph();
  const [a, b, c] = [2, 3, 4].map((length) => graph.input(`v${length}`, [length])) as [g.Value, g.Value, g.Value];
  return { graph, a, b, c, s: graph.input("s", []) };
}

const cutVectors = (program: g.Program): Set<g.Value> =>
  new Set(applied(program, "slice").map(({ source }) => (source as { inputs: readonly g.Value[] }).inputs[0]!));

/** Vectors through the same operations, with sums, concatenations and each other's sums in between. */
function randomProgram(random: RandomStream): g.Program {
  const graph = new g.Graph();
  const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)]!;
  const scalars: (g.Value | number)[] = [2, 0.5, graph.input("r", [])];
  const values = Array.from({ length: 6 }, (_, k) =>
    graph.input(`v${k}`, random.integer(2) === 0 ? [2 + random.integer(3)] : [1, 2 + random.integer(3), 1, 1]),
  );
  for (let round = 0; round < 8; round++) {
    const [kind, scalar, peer] = [random.integer(9), pick(scalars), random.integer(4)];
    for (let member = 1 + random.integer(4); member > 0; member--) {
      const x = pick(values.slice(-12));
      const same = values.filter(({ shape }) => `${shape}` === `${x.shape}`);
      const other = same[peer % same.length]!;
      if (kind === 0) scalars.push(g.total(x));
      else if (kind === 1) values.push(g.neg(x));
      else if (kind === 2) values.push(g.add(x, other));
      else if (kind === 3) values.push(g.mul(other, x));
      else if (kind === 4) values.push(g.sub(x, scalar));
      else if (kind === 5) values.push(g.where(g.greater(x, scalar), other, x));
      else if (kind === 6) values.push(x.rank === 1 ? g.concat([x, other]) : g.reshape(x, [-1]));
      else if (kind === 7) values.push(g.exp(g.mul(x, -0.1)));
      else values.push(g.maximum(scalar, g.mul(x, scalar)));
    }
  }
  const outputs = [...values, ...scalars].filter((value) => typeof value !== "number" && random.integer(3) > 0);
  return { graph, outputs: Object.fromEntries(outputs.map((value, k) => [`y${k}`, value as g.Value])) };
}
