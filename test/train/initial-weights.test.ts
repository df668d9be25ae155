import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError, type Tensor } from "../../src/core/index.js";
import { readRun } from "../../src/io/files/index.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/io/index.js";
import { parseRunConfig, type RunConfigInput } from "../../src/train/index.js";
import { type RunData, runTraining } from "../../src/train/node/index.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-init-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tiny: RunConfigInput = {
  model: "resnet18",
  width: 1 / 16,
  images: 96,
  validation: 0,
  batch: 32,
  epochs: 1,
  learningRate: 0.05,
  threads: 1,
};
const run = (name: string, changes: Partial<RunConfigInput> = {}, options = {}) =>
  runTraining(parseRunConfig({ ...tiny, ...changes }), at(name), options);

const lastOf = (name: string): Readonly<Record<string, Tensor>> => readRun(at(name)).readCheckpoint("last").tensors;

/** A state as PyTorch might have it. */
function save(name: string, change: (tensors: [string, Tensor][]) => [string, Tensor][]): string {
  const own = Object.entries(lastOf("first")).filter(([key]) => !key.startsWith("optimizer/"));
  writeFileSync(at(name), encodeSafetensors(Object.fromEntries(change(own))));
  return at(name);
}

beforeAll(async () => {
  await run("first");
});

describe("a training that starts from a file", () => {
  it("has its weights, whatever wrapper named them", async () => {
    const counter: [string, Tensor] = [
      "module.bn1.num_batches_tracked",
      { dtype: "int64", shape: [], data: BigInt64Array.of(3n) },
    ];
    const init = save("wrapped", (own) => [
      ...own.map(([key, value]): [string, Tensor] => [`module.${key}`, value]),
      counter,
    ]);
    await run("still", { init, learningRate: 0 });
    const [before, after] = [lastOf("first"), lastOf("still")];
    const names = Object.keys(before).filter((name) => !name.startsWith("optimizer/") && /weight$|bias$/.test(name));
    expect(names.length).toBeGreaterThan(30);
    for (const name of names) expect(after[name]).toEqual(before[name]);
    // Another seed changes the order of the images, not where the weights start.
    await run("other seed", { init, learningRate: 0, seed: 2 });
    expect(lastOf("other seed")["conv1.weight"]).toEqual(before["conv1.weight"]);
  });

  it("says in run.json what it started from, and goes on without the file", async () => {
    const init = save("moving", (own) => own);
    const controller = new AbortController();
    const stop = {
      signal: controller.signal,
      onStep: ({ step }: { step: number }) => step === 4 && controller.abort(),
    };
    await run("cut", { init, epochs: 2 }, stop);
    expect((readRun(at("cut")).config.data as RunData).fingerprint.init).toMatch(/^[0-9a-f]{64}$/);
    await run("whole", { init, epochs: 2 });
    renameSync(init, at("moved"));
    await run("cut", { init, epochs: 2 }, { resume: true });
    expect(lastOf("cut")).toEqual(lastOf("whole"));
  });

  it("is refused with a list if the file does not fit", async () => {
    const init = save("odd", (own) => [
      ...own
        .filter(([key]) => key !== "bn1.bias")
        .map(([key, value]): [string, Tensor] =>
          key === "fc.bias" ? [key, { dtype: "float32", shape: [3], data: new Float32Array(3) }] : [key, value],
        ),
      ["head.weight", { dtype: "float32", shape: [1], data: new Float32Array(1) }],
    ]);
    const refused = run("refused", { init });
    await expect(refused).rejects.toThrow(DataError);
    await expect(refused).rejects.toThrow(
      /--init .*odd: .* missing bn1.bias; unexpected head.weight; of another shape fc.bias \[3\] in place of \[10\]; the model/,
    );
    expect(() => readFileSync(at("refused/run.json"))).toThrow();
    const text = decodeSafetensors(readFileSync(at("first/checkpoints/last.safetensors"))); // with its optimizer's state
    expect(Object.keys(text.tensors).some((name) => name.startsWith("optimizer/"))).toBe(true);
    await run("from a checkpoint", { init: at("first/checkpoints/last.safetensors"), learningRate: 0 });
    expect(lastOf("from a checkpoint")["fc.weight"]).toEqual(lastOf("first")["fc.weight"]);
  });
});
