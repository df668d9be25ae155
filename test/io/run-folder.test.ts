import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DataError, InvalidArgumentError, RunError, tensor } from "../../src/core/index.js";
import { RunFolder, readRun } from "../../src/io/files/index.js";
import type { NormRow } from "../../src/io/index.js";

let scratch: string;
let path: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "normwise-run-"));
  path = join(scratch, "runs", "a");
});
afterEach(() => rmSync(scratch, { recursive: true }));

const row = (step: number, layer = "features.0", ...norm: number[]): NormRow => ({
  layer,
  step,
  norm: Float32Array.from(norm),
  rotation: Float32Array.from(norm, (value) => value / 3),
});
const weight = { weight: tensor([1, 2, 3]) };

async function failure(action: () => unknown): Promise<Error> {
  try {
    await action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("a run folder", () => {
  test("gives back all that was written, while it is written and after", async () => {
    const config = { seed: 1, schedule: [{ at: "20e", rate: 0.1 }], größe: null };
    const run = await RunFolder.create(path, config);
    run.appendMetrics({ step: 0, loss: 2.5, text: "a\nb" });
    run.appendMetrics({ step: 1, loss: Number.NaN });
    await run.appendNorms([row(0, "features.0", 1, 0.1), row(0, "features.3", 5)]);
    await run.appendNorms([row(4, "features.0", 2, 0.2)]);
    await run.writeCheckpoint("last", weight, { step: "5" });
    await run.appendNorms([row(7, "late", 3)]);
    await run.writeFile("summary.json", "{}");
    await run.writeFile("model.onnx", Uint8Array.of(1, 2));
    expect(readRun(path).readMetrics()).toEqual([
      { step: 0, loss: 2.5, text: "a\nb" },
      { step: 1, loss: null },
    ]);
    expect(run.readNorms().steps).toEqual([0, 4]);
    await run.close();

    const read = readRun(path);
    expect(read.config).toEqual(config);
    const norms = read.readNorms();
    expect(norms.layers).toEqual(["features.0", "features.3", "late"]);
    expect(norms.steps).toEqual([0, 4, 7]);
    expect([...norms.at(0).values()]).toEqual([row(0, "features.0", 1, 0.1), row(0, "features.3", 5)]);
    expect(norms.at(7).get("late")).toEqual(row(7, "late", 3)); // close wrote what still waited
    expect(norms.at(4).get("features.0")).toEqual(row(4, "features.0", 2, 0.2)); // back to an earlier segment
    expect(() => norms.at(5)).toThrow(/norms of .*: expected a recorded step \(3 from 0 to 7\), got 5/);
    expect(read.checkpoints()).toEqual(["last"]);
    const { tensors, metadata } = read.readCheckpoint("last");
    expect(tensors).toEqual(weight);
    expect(metadata.step).toBe("5");
    expect([...readFileSync(join(path, "model.onnx"))]).toEqual([1, 2]);
    expect(readdirSync(path).sort()).toEqual([
      "checkpoints",
      "metrics.jsonl",
      "model.onnx",
      "norms-00000000.arrow",
      "norms-00000001.arrow",
      "run.json",
      "summary.json",
    ]);
  });

  test("what the caller changes after a call is not what is written", async () => {
    const run = await RunFolder.create(path, {});
    const rows = [row(0, "a", 1, 2)];
    const tensors = { weight: tensor([1, 2, 3]) };
    await run.appendNorms(rows);
    rows[0]!.norm.fill(9);
    const written = run.writeCheckpoint("last", tensors);
    tensors.weight.data.fill(9);
    await written;
    expect([...run.readNorms().at(0).get("a")!.norm]).toEqual([1, 2]);
    expect([...run.readCheckpoint("last").tensors.weight!.data]).toEqual([1, 2, 3]);
    await run.close();
  });

  test("norms that outgrow the buffer go to the disk at once, in segments that read as one", async () => {
    const run = await RunFolder.create(path, {}, { normBuffer: 100 });
    for (let step = 0; step < 50; step++) await run.appendNorms([row(step, "a", step, -step)]); // 16 bytes a step
    expect(readdirSync(path).filter((name) => name.startsWith("norms-"))).toHaveLength(7);
    await run.close();
    const norms = readRun(path).readNorms();
    expect(norms.steps).toEqual(Array.from({ length: 50 }, (_, step) => step));
    for (const step of [49, 0, 30, 31, 6, 7]) expect(norms.at(step).get("a")).toEqual(row(step, "a", step, -step));
  });

  test("calls that are not awaited are written in their order", async () => {
    const run = await RunFolder.create(path, {}, { normBuffer: 0 });
    const calls: Promise<void>[] = [];
    for (let step = 0; step < 20; step++) {
      calls.push(run.appendNorms([row(step, "a", step)]));
      calls.push(run.writeCheckpoint("last", { step: tensor([step]) }));
    }
    await Promise.all(calls);
    await run.close();
    expect(readRun(path).readNorms().steps).toEqual(Array.from({ length: 20 }, (_, step) => step));
    expect([...readRun(path).readCheckpoint("last").tensors.step!.data]).toEqual([19]);
  });

  test("norms that do not fit the rows before are refused", async () => {
    const run = await RunFolder.create(path, {});
    await run.appendNorms([row(3, "a", 1)]);
    const wrong: [NormRow[], RegExp][] = [
      [[row(3, "b", 1)], /layer "b": expected an integer step after 3.*, got 3; pass all layers of a step in one call/],
      [[row(2, "a", 1)], /got 2/],
      [[row(4.5, "a", 1)], /got 4\.5/],
      [[row(2 ** 32, "a", 1)], /got 4294967296/],
      [[row(5, "a", 1), row(4, "a", 1)], /got 4/],
      [[row(4, "a", 1), row(4, "a", 1)], /layer "a": expected the layer once at step 4/],
      [[{ ...row(4, "a", 1), rotation: Float32Array.of(1, 2) }], /expected 1 rotations, as norms, got 2/],
    ];
    for (const [rows, message] of wrong) {
      const error = await failure(() => run.appendNorms(rows));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.message).toMatch(message);
    }
    await run.appendNorms([row(4, "a", 1), row(4, "b", 1), row(5, "a", 1)]); // and nothing of them was kept
    await run.close();
    expect(readRun(path).readNorms().steps).toEqual([3, 4, 5]);
  });
});

describe("resume", () => {
  test("takes the logs back to the checkpoint, whatever their steps say", async () => {
    const run = await RunFolder.create(path, {});
    run.appendMetrics({ step: 4 });
    await run.appendNorms([row(4, "a", 1)]);
    await run.writeCheckpoint("last", weight, { step: "4" });
    const before = readFileSync(join(path, "metrics.jsonl"));
    run.appendMetrics({ step: 4, again: true });
    await run.appendNorms([row(5, "a", 1)]);
    await run.writeCheckpoint("best", weight);
    await run.close();

    const again = await RunFolder.open(path);
    expect((await again.resume())!.tensors).toEqual(weight);
    expect(readFileSync(join(path, "metrics.jsonl"))).toEqual(before);
    expect(again.readNorms().steps).toEqual([4]);
    await again.appendNorms([row(5, "a", 2)]);
    again.appendMetrics({ step: 5 });
    await again.close();
    expect(readRun(path).readMetrics()).toEqual([{ step: 4 }, { step: 5 }]);
    expect([...readRun(path).readNorms().at(5).get("a")!.norm]).toEqual([2]);
  });

  test("without a checkpoint starts afresh", async () => {
    const run = await RunFolder.create(path, {});
    run.appendMetrics({ step: 0 });
    await run.appendNorms([row(0, "a", 1)]);
    await run.close();
    const again = await RunFolder.open(path);
    expect(await again.resume()).toBeUndefined();
    expect(again.readMetrics()).toEqual([]);
    expect(again.readNorms().steps).toEqual([]);
    await again.appendNorms([row(0, "a", 1)]);
    await again.close();
  });

  test("a torn last line is not read, and the next line takes its place", async () => {
    const run = await RunFolder.create(path, {});
    run.appendMetrics({ step: 0 });
    run.appendMetrics({ step: 1 });
    await run.close();
    const log = join(path, "metrics.jsonl");
    const whole = readFileSync(log);
    for (let length = whole.length; length >= 0; length--) {
      writeFileSync(log, whole.subarray(0, length));
      const left = [{ step: 0 }, { step: 1 }].slice(0, length === whole.length ? 2 : length >= 11 ? 1 : 0);
      expect(readRun(path).readMetrics()).toEqual(left);
      const again = await RunFolder.open(path);
      again.appendMetrics({ step: 2 });
      await again.close();
      expect(readRun(path).readMetrics()).toEqual([...left, { step: 2 }]);
    }
  });

  test("logs that hold less than the checkpoint says are refused", async () => {
    const run = await RunFolder.create(path, {});
    run.appendMetrics({ step: 0 });
    await run.appendNorms([row(0, "a", 1)]);
    await run.writeCheckpoint("last", weight);
    await run.close();
    const resume = async () => {
      const again = await RunFolder.open(path);
      await again.resume().finally(() => again.close());
    };
    await resume();
    truncateSync(join(path, "metrics.jsonl"), 5);
    expect((await failure(resume)).message).toMatch(
      /metrics\.jsonl: expected the checkpoint's 11 bytes, got 0 in whole/,
    );
    writeFileSync(join(path, "metrics.jsonl"), '{"step":0, "longer":1}\n');
    expect((await failure(resume)).message).toMatch(/expected the checkpoint's 11 bytes, got 0 in whole lines/);
    rmSync(join(path, "norms-00000000.arrow"));
    const error = await failure(resume);
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toMatch(/expected the checkpoint's 1 norm segments, got 0/);
  });
});

describe("folders that cannot be used as asked", () => {
  test.runIf(existsSync("/proc"))("where there is no place for one, and it says so at once", async () => {
    const expected = "/proc/none/run: expected to make the folder";
    await expect(RunFolder.create("/proc/none/run", { seed: 1 })).rejects.toThrow(expected);
  });

  const create = () => RunFolder.create(path, {});
  const open = () => RunFolder.open(path);
  const refused = async (action: () => unknown, message: RegExp) => {
    const error = await failure(action);
    expect(error).toBeInstanceOf(RunError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
  };

  test("create: a folder that holds a run", async () => {
    await (await create()).close();
    await refused(create, /got one that holds a run; continue it with --resume, or choose another --out/);
  });

  test("create: a folder with other files, which stay", async () => {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "thesis.tex"), "years of work");
    await refused(create, /expected an empty folder, got one with thesis\.tex; choose another --out/);
    expect(readdirSync(path)).toEqual(["thesis.tex"]);
  });

  test("create: an empty folder will do, and what a killed start left", async () => {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `.lock-999999999-1-${hostname()}`), "");
    writeFileSync(join(path, ".run.json.0123abcd.tmp"), "{");
    await (await create()).close();
    expect(readdirSync(path).sort()).toEqual(["checkpoints", "metrics.jsonl", "run.json"]);
  });

  test("create: a file is in the way, of the folder or above it", async () => {
    mkdirSync(join(scratch, "runs"));
    writeFileSync(path, "");
    await refused(create, /EEXIST|ENOTDIR/);
    await refused(() => RunFolder.create(join(path, "b"), {}), /ENOTDIR.*a part of the path is a file/);
  });

  test("create: a configuration that JSON would change", async () => {
    const error = await failure(() => RunFolder.create(path, { top: { limit: Number.POSITIVE_INFINITY } }));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(/limit: expected a value that JSON can hold, got Infinity/);
    expect(existsSync(path)).toBe(false);
  });

  test("open and read: no run", async () => {
    await refused(open, /expected a folder with a run in it, got no run\.json; check the path/);
    await refused(() => readRun(path), /got no run\.json/);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "run.json"), '{"seed":');
    await refused(open, /run\.json: expected a JSON object, got SyntaxError/);
    writeFileSync(join(path, "run.json"), "[1]");
    await refused(open, /not an object: \[1\]/);
  });

  test("a line of the log that is no record is an error that names it", async () => {
    const run = await create();
    run.appendMetrics({ step: 0 });
    await run.close();
    appendFileSync(join(path, "metrics.jsonl"), '{"step":\n{"step":2}\n');
    const error = await failure(() => readRun(path).readMetrics());
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(/metrics\.jsonl: line 2: expected a JSON object, got \{"step":$/);
  });

  test("a norm segment that is missing or cut short is an error that names it", async () => {
    const run = await RunFolder.create(path, {}, { normBuffer: 0 });
    for (let step = 0; step < 3; step++) await run.appendNorms([row(step, "a", 1)]);
    await run.close();
    const second = join(path, "norms-00000001.arrow");
    truncateSync(second, 300);
    expect((await failure(() => readRun(path).readNorms())).message).toMatch(/norms-00000001\.arrow: .*cut short/);
    rmSync(second);
    const error = await failure(() => readRun(path).readNorms());
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(/norms-00000001\.arrow: expected the segment, got the next is norms-00000002/);
  });

  test("a checkpoint that is missing, or cut short at any length", async () => {
    const run = await create();
    await refused(() => run.readCheckpoint("last"), /last\.safetensors: expected a checkpoint, got no such file/);
    await run.writeCheckpoint("last", weight);
    await run.writeCheckpoint("best", weight);
    await run.close();
    const file = join(path, "checkpoints", "last.safetensors");
    const whole = readFileSync(file);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      await refused(
        () => readRun(path).readCheckpoint("last"),
        /last\.safetensors: expected a whole checkpoint, got a damaged one \(.*\); to go back to another, copy it to this name: best$/,
      );
    }
    const again = await open();
    await refused(() => again.resume(), /a whole checkpoint/);
    await again.close();
  });

  test("names of files and checkpoints stay within the folder, and keep off its own files", async () => {
    const run = await create();
    for (const name of ["../a", "", ".", "a/b", "run.json", "metrics.jsonl", "norms-00000000.arrow", "checkpoints"]) {
      expect(await failure(() => run.writeFile(name, ""))).toBeInstanceOf(InvalidArgumentError);
    }
    for (const name of ["../last", "", "a/b", ".x"]) {
      expect(await failure(() => run.writeCheckpoint(name, {}))).toBeInstanceOf(InvalidArgumentError);
    }
    await run.close();
    for (const call of [() => run.appendMetrics({}), () => run.appendNorms([]), () => run.writeFile("a", "")]) {
      await refused(call, /expected an open run, got one that was closed/);
    }
  });
});
