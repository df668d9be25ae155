import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ArgsDef, parseArgs } from "citty";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { evaluateCommand } from "../../src/cli/evaluate.js";
import { runConfigFrom, runOptions } from "../../src/cli/run-options.js";
import { numbersOf, RunError } from "../../src/core/index.js";
import { embeddedDataset } from "../../src/data/files/index.js";
import { type ImagesInMemory, subset } from "../../src/data/index.js";
import { readRun } from "../../src/io/files/index.js";
import { readOnnx } from "../../src/onnx/index.js";
import { ModelProtoSchema, TensorProto_DataLocation } from "../../src/onnx/proto/onnx_pb.js";
import { nodeRuntime, onnxSession } from "../../src/runtime/node/index.js";
import { parseRunConfig, type RunConfigInput } from "../../src/train/index.js";
import { loadRun, readRunGraph, runTraining } from "../../src/train/node/index.js";

// Training a model that PyTorch exported: test/goldens/foreign-training/small.py.

const folder = mkdtempSync(join(tmpdir(), "normwise-foreign-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const golden = (name: string): string => fileURLToPath(new URL(`../goldens/foreign-training/${name}`, import.meta.url));
const small: RunConfigInput = {
  model: golden("small.onnx"),
  repeatGray: true,
  images: 64,
  validation: 32,
  batch: 16,
  epochs: 1,
  learningRate: 0.05,
  weightDecay: 1e-3,
  threads: 1,
};
const run = (name: string, changes: Partial<RunConfigInput> = {}, options = {}) =>
  runTraining(parseRunConfig({ ...small, ...changes }), at(name), options);

/** What `normwise evaluate` prints. */
async function printed(rawArgs: string[]): Promise<string> {
  let text = "";
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  await evaluateCommand.run!({
    rawArgs,
    args: parseArgs(rawArgs, evaluateCommand.args as ArgsDef) as never,
    cmd: evaluateCommand,
  });
  spy.mockRestore();
  return text;
}

/** The floating-point tensors that a file holds for its layers. */
function weightsIn(path: string): Map<string, readonly number[]> {
  const { initializers } = readOnnx(new Uint8Array(readFileSync(path)));
  const tensors = [...initializers].filter(([, { dtype, shape }]) => dtype === "float32" && shape.length > 0);
  return new Map(tensors.map(([name, initializer]) => [name, numbersOf(initializer.read())]));
}
const saved = (name: string): Map<string, readonly number[]> => weightsIn(at(name, "model.onnx"));

beforeAll(() => run("plain"), 120_000);

describe("the saved file", () => {
  it("has the original's interface and names, and plain ONNX Runtime gives the run's own logits", async () => {
    const [before, after] = [golden("small.onnx"), at("plain", "model.onnx")].map((path) =>
      readOnnx(new Uint8Array(readFileSync(path))),
    );
    expect(after!.inputs).toEqual(before!.inputs);
    expect(after!.outputs).toEqual(before!.outputs);
    expect(after!.opset).toBe(before!.opset);
    expect([...after!.initializers.keys()].sort()).toEqual([...before!.initializers.keys()].sort());
    expect(after!.nodes.map(({ operator }) => operator)).toEqual(before!.nodes.map(({ operator }) => operator));

    const runtime = nodeRuntime({ threads: 1 });
    const { model, close } = await loadRun(at("plain"), runtime);
    const data = subset((await embeddedDataset("test")) as ImagesInMemory, Uint32Array.of(0, 1, 2, 3, 4));
    const own = (await model.evaluate(data)).logits;
    await close();
    await runtime.close();

    const { mean, std } = (readRun(at("plain")).config.data as { normalization: { mean: number[]; std: number[] } })
      .normalization;
    const size = 28 * 28;
    const pixels = new Float32Array(5 * 3 * size).map((_, i) => {
      const image = Math.floor(i / (3 * size));
      return (data.images[image * size + (i % size)]! / 255 - mean[0]!) / std[0]!;
    });
    const session = await onnxSession(new Uint8Array(readFileSync(at("plain", "model.onnx"))), { threads: 1 });
    const { output } = await session.run({ input: { dtype: "float32", shape: [5, 3, 28, 28], data: pixels } });
    await session.close();
    const apart = numbersOf(output!).map((value, i) => Math.abs(value - own[i]!));
    expect(apart).toHaveLength(50);
    expect(Math.max(...apart)).toBeLessThan(1e-4);
  });

  it("is trained: every parameter and running statistic differs from the original's", () => {
    const before = weightsIn(golden("small.onnx"));
    expect(before.size).toBe(17);
    for (const [name, values] of saved("plain")) expect(values, name).not.toEqual(before.get(name));
  });

  it("keeps a softmax at the end, of which the loss is not taken twice; a new head has the data's classes", async () => {
    await run("softmax", { model: golden("small-softmax.onnx"), newHead: true });
    const file = readOnnx(new Uint8Array(readFileSync(at("softmax", "model.onnx"))));
    expect(file.nodes.at(-1)!.operator).toBe("Softmax");
    expect(file.outputs[0]!.shape).toEqual(["batch", 10]);
    const session = await onnxSession(new Uint8Array(readFileSync(at("softmax", "model.onnx"))), { threads: 1 });
    const zeros = { dtype: "float32", shape: [1, 3, 28, 28], data: new Float32Array(3 * 784) } as const;
    const { output } = await session.run({ input: zeros });
    await session.close();
    expect(numbersOf(output!).reduce((sum, value) => sum + value)).toBeCloseTo(1, 5);
    const epoch = (readRun(at("softmax")).readMetrics() as { type: string; trainLoss: number }[]).find(
      ({ type }) => type === "epoch",
    );
    const plain = (readRun(at("plain")).readMetrics() as { type: string; trainLoss: number }[]).find(
      ({ type }) => type === "epoch",
    );
    expect(Math.abs(epoch!.trainLoss - plain!.trainLoss)).toBeLessThan(0.5);
  });

  it("folds its batch-norms where that is asked for", async () => {
    const runtime = nodeRuntime({ threads: 1 });
    const { model, close } = await loadRun(at("plain"), runtime);
    const folded = readOnnx(await model.toOnnx({ fold: true }));
    await close();
    await runtime.close();
    expect(folded.nodes.map(({ operator }) => operator)).not.toContain("BatchNormalization");
  });
});

describe("training", () => {
  it("measures the weights that the analysis finds scale-invariant", () => {
    const measured = readRun(at("plain")).readNorms();
    expect([...measured.at(measured.steps[0]!).keys()].sort()).toEqual([
      "branch.0.weight",
      "branch.3.weight",
      "stem.0.weight",
    ]);
  });

  it("leaves frozen parameters as they are, decay or not, and trains the rest", async () => {
    await run("frozen", { freeze: ["^stem", "^branch\\.0"] });
    const before = weightsIn(golden("small.onnx"));
    for (const [name, values] of saved("frozen")) {
      const frozen = /^(stem|branch\.0)/.test(name) && !name.includes("running");
      const same = values.every((value, i) => value === before.get(name)![i]);
      expect(same, name).toBe(frozen);
    }
  });

  it("resumes to the same bits, without the original file", { timeout: 120_000 }, async () => {
    copyFileSync(golden("small.onnx"), at("moved.onnx"));
    const long = { model: at("moved.onnx"), epochs: 2 };
    const stop = new AbortController();
    const whole = await run("whole", long);
    const stopped = await run("resumed", long, {
      signal: stop.signal,
      onStep: ({ step }: { step: number }) => step === 5 && stop.abort(),
    });
    expect(stopped.interrupted).toBe(true);
    rmSync(at("moved.onnx"));
    const resumed = await run("resumed", long, { resume: true });
    expect(resumed.epochs.at(-1)!.trainLoss).toBe(whole.epochs.at(-1)!.trainLoss);
    expect(readFileSync(at("resumed", "model.onnx")).equals(readFileSync(at("whole", "model.onnx")))).toBe(true);
  });

  it("brings external data into the run's copy", async () => {
    const model = fromBinary(ModelProtoSchema, new Uint8Array(readFileSync(golden("small.onnx"))));
    const chunks: Uint8Array[] = [];
    let offset = 0;
    for (const tensor of model.graph!.initializer) {
      const { rawData } = tensor;
      chunks.push(rawData);
      tensor.externalData = [
        { key: "location", value: "weights.bin" },
        { key: "offset", value: `${offset}` },
        { key: "length", value: `${rawData.length}` },
      ].map((entry) => ({ $typeName: "onnx.StringStringEntryProto", ...entry }));
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      tensor.rawData = new Uint8Array();
      offset += rawData.length;
    }
    writeFileSync(at("weights.bin"), Buffer.concat(chunks));
    writeFileSync(at("outside.onnx"), toBinary(ModelProtoSchema, model));
    await run("external", { model: at("outside.onnx") });
    expect(saved("external")).toEqual(saved("plain"));
    rmSync(at("weights.bin"));
    const runtime = nodeRuntime({ threads: 1 });
    const { close } = await loadRun(at("external"), runtime);
    await close();
    await runtime.close();
  });
});

describe("the commands", () => {
  const config = (...rawArgs: string[]) => runConfigFrom(parseArgs(rawArgs, runOptions), rawArgs);

  it("train takes the options, several patterns among them", async () => {
    const { freeze, newHead, repeatGray, normalization } = await config(
      ..."--model a.onnx --freeze ^a --freeze=^b --new-head --repeat-gray --normalization imagenet".split(" "),
    );
    expect({ freeze, newHead, repeatGray, normalization }).toEqual({
      freeze: ["^a", "^b"],
      newHead: true,
      repeatGray: true,
      normalization: "imagenet",
    });
    await expect(config("--model", "a.onnx", "--normalization", "pixels")).rejects.toThrow(
      /normalization: expected data, imagenet, unit, or means\/deviations .*got pixels/,
    );
  });

  it("evaluate says the same of a run and of its file, normalized likewise", async () => {
    const data = at("cifar");
    mkdirSync(data);
    const image = (i: number): Buffer =>
      Buffer.from(Array.from({ length: 3073 }, (_, at) => (at === 0 ? i % 10 : (at * i) % 251)));
    for (const file of ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]) {
      writeFileSync(join(data, `${file}.bin`), Buffer.concat(Array.from({ length: 20 }, (_, i) => image(i))));
    }
    await run("coloured", { data, repeatGray: false, normalization: "0.5,0.4,0.3/0.2,0.25,0.3", validation: 0 });
    const said = async (...rawArgs: string[]): Promise<{ loss: number }> => JSON.parse(await printed(rawArgs));
    const own = await said(at("coloured"), "--json", "--threads", "1");
    const file = await said(
      at("coloured", "model.onnx"),
      ..."--json --threads 1 --normalization 0.5,0.4,0.3/0.2,0.25,0.3 --data".split(" "),
      data,
    );
    expect(Math.abs(file.loss - own.loss)).toBeLessThan(1e-5);
    const other = await said(at("coloured", "model.onnx"), "--json", "--threads", "1", "--data", data);
    expect(Math.abs(other.loss - own.loss)).toBeGreaterThan(1e-3);
  });

  it("train tells of a folded export, and trains its convolutions", async () => {
    const notices: string[] = [];
    await run("folded", { model: golden("small-folded.onnx") }, { onNotice: (notice: string) => notices.push(notice) });
    expect(notices.join()).toMatch(/small-folded\.onnx: its batch-norms were folded into 3 convolutions/);
    expect(saved("folded").get("head.3.weight")).not.toEqual(
      weightsIn(golden("small-folded.onnx")).get("head.3.weight"),
    );
  });
});

describe("a run folder", () => {
  it("can be inspected as its file can", async () => {
    const { build } = await readRunGraph(at("plain"));
    const names = build(2).parameters.map(({ name }) => name);
    expect(names).toHaveLength(11);
    expect(names).toContain("branch.3.weight");
  });

  it("whose copy of the model was changed is refused", async () => {
    await run("tampered");
    const path = at("tampered", "original.onnx");
    const bytes = readFileSync(path);
    bytes.write("PyTorch", bytes.indexOf("pytorch")); // the producer's name: it is a model still
    writeFileSync(path, bytes);
    const runtime = nodeRuntime({ threads: 1 });
    await expect(loadRun(at("tampered"), runtime)).rejects.toThrow(
      /tampered: expected the model that the run began with/,
    );
    await runtime.close();
    await expect(run("tampered", {}, { resume: true })).rejects.toThrow(RunError);
  });
});

describe("what does not fit is found before the folder is made", () => {
  it.each<[string, Partial<RunConfigInput>, RegExp]>([
    ["grey images", { repeatGray: false }, /input input: expected images of 3 channels, got 1; .*--repeat-gray/],
    ["other classes", { model: golden("small-softmax.onnx") }, /a logit for each of 10 classes, got 7; .*--new-head/],
    [
      "a pattern without a match",
      { freeze: ["^layer9"] },
      /--freeze: expected a pattern .*stem\.0\.weight.*got .*layer9/,
    ],
    ["nothing left to train", { freeze: ["."] }, /--freeze: expected patterns that leave something to train/],
    ["no regular expression", { freeze: ["("] }, /--freeze: expected a regular expression, got "?\(/],
    ["no such file", { model: at("none.onnx") }, /none\.onnx: expected an \.onnx file/],
    ["a width", { width: 0.5 }, /width: expected a network that Normwise builds, got .*small\.onnx/],
    [
      "a frozen network of ours",
      { model: "vgg11", freeze: ["a"], repeatGray: false },
      /freeze: .*\.onnx file, got "?vgg11/,
    ],
    ["means of other channels", { normalization: "0.5,0.5/1,1" }, /normalization: expected 1 means/],
    ["a control of the schedule", { control: { kind: "exact-schedule", fromWeightDecay: 1e-3 } }, /exact-schedule/],
  ])("%s", async (name, changes, message) => {
    const path = name.replaceAll(" ", "-");
    await expect(run(path, changes)).rejects.toThrow(message);
    expect(existsSync(at(path))).toBe(false);
  });
});
