import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { numbersOf, scalar } from "../../src/core/index.js";
import { onnxNetwork } from "../../src/foreign/index.js";
import type { Runtime } from "../../src/graph/index.js";
import { editOnnx, inlineTensors, readOnnx } from "../../src/onnx/index.js";
import { sgd } from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { imageClassification } from "../../src/train/image-objective.js";
import { initialState } from "../../src/train/initial-state.js";
import { rateInput, trainingStep } from "../../src/train/training-step.js";
import { goldenBatch, goldenInitial } from "../support/golden-values.js";
import { strippedModel } from "../support/zoo.js";

/** Twenty steps of PyTorch: `test/goldens/foreign-training/make.py`. */
interface Golden {
  readonly model: string;
  readonly seed: number;
  readonly batch: number;
  readonly size: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly losses: readonly number[];
  readonly float32: readonly number[];
  /** Of the network before the first step, on the same batches. */
  readonly untrained: readonly number[];
}

const folder = new URL("../goldens/foreign-training/", import.meta.url);
const readGolden = (name: string): Golden => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));

/** The exported file with the weights that it had. */
function exported({ model, seed }: Golden): Uint8Array {
  const { bytes, external } = strippedModel(
    new URL(`${model}.onnx.gz`, folder),
    (name, shape) => goldenInitial(seed, name, shape).data as Float32Array<ArrayBuffer>,
  );
  const { initializers } = readOnnx(bytes, { external });
  return editOnnx(
    bytes,
    inlineTensors((name) => initializers.get(name)!.read()),
  );
}

async function losses(golden: Golden, runtime: Runtime): Promise<number[]> {
  const { seed, batch, size, lr, momentum, weight_decay: weightDecay } = golden;
  const network = onnxNetwork(exported(golden), { classes: 10 });
  const objective = imageClassification({
    ...{ network, shape: [3, size, size], pixels: "uint8", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  });
  const step = trainingStep({ objective, shape: [batch], optimizer: sgd({ momentum, weightDecay }) });
  const state = await runtime.createState(initialState(step, 1));
  const session = await runtime.load(step.program);
  const rates = Object.fromEntries(step.groups.map(({ name }) => [rateInput(name), scalar(lr, "float64")]));
  const found: number[] = [];
  for (let count = 1; count <= golden.losses.length; count++) {
    const { loss } = await session.run({ ...goldenBatch(seed, count, batch, size), ...rates }, { state });
    found.push(numbersOf(loss!)[0]!);
  }
  await session.close();
  await state.close();
  return found;
}

const apart = (own: readonly number[], truth: readonly number[]): number =>
  Math.max(...own.map((loss, i) => Math.abs(loss - truth[i]!) / truth[i]!));

describe("20 steps of a network that PyTorch exported give PyTorch's losses", () => {
  it.each(["resnet18", "mobilenet_v2"])("%s, in float32 to 1e-3", { timeout: 600_000 }, async (name) => {
    const golden = readGolden(name);
    expect(golden.losses).toHaveLength(20);
    const runtime = nodeRuntime({ threads: 2 });
    const own = await losses(golden, runtime);
    await runtime.close();
    expect(apart(own, golden.losses)).toBeLessThan(1e-3);
    // A training with other steps is another one: the comparison sees it.
    expect(apart(golden.untrained, golden.losses)).toBeGreaterThan(5 * apart(own, golden.losses));
  });

  it("mobilenet_v2 on small images, in float64 to 1e-9", { timeout: 600_000 }, async () => {
    const golden = readGolden("mobilenet_v2-small");
    const own = await losses(golden, referenceRuntime());
    expect(apart(own, golden.losses)).toBeLessThan(1e-9);
    expect(apart(golden.untrained, golden.losses)).toBeGreaterThan(1e-2);
  });
});
