import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { readNorms } from "../../src/io/files/index.js";

// kill -9 at random moments, then the same command with --resume: the final bits must be those of a run that nothing
// disturbed. Checkpoints come every other step, so that many kills fall into the writing of one.

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "normwise-resume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kills = 20;
const options = [
  ..."--model vgg11 --width 0.0625 --images 192 --validation 100 --batch 32 --epochs 4 --lr 0.05".split(" "),
  ..."--schedule steps:3e --weight-decay 5e-3 --measure-every 1 --checkpoint-every 2 --threads 1".split(" "),
];

/** Runs the command; kills it after so many milliseconds, if it is still there. Tells how it ended. */
function run(args: readonly string[], killAfter?: number): Promise<{ code: number | null; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, "train", ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve({ code, errors });
    });
  });
}

/** Everything a run leaves but its times: checkpoints and model by hash, epochs and layers, norms. */
function contents(path: string) {
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(path, name)))
      .digest("hex");
  const timeless = (key: string, value: unknown) => (key === "imagesPerSecond" ? undefined : value);
  const lines = readFileSync(join(path, "metrics.jsonl"), "utf8").trim().split("\n");
  const norms = readNorms(path);
  return {
    model: hash("model.onnx"),
    tensors: ["last", "best"].map((name) => tensorHash(join(path, "checkpoints", `${name}.safetensors`))),
    metrics: lines.map((line) => JSON.stringify(JSON.parse(line), timeless)),
    norms: norms.steps.map((step) => JSON.stringify([...norms.at(step)])),
  };
}

/** Of a safetensors file, all but the header, whose note of the log's length varies with the digits of times in it. */
function tensorHash(path: string): string {
  const bytes = readFileSync(path);
  const header = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...tensors } = JSON.parse(bytes.subarray(8, header).toString());
  const held = JSON.stringify([metadata.progress, tensors]);
  return createHash("sha256").update(held).update(bytes.subarray(header)).digest("hex");
}

it(`resumes to the same bits after ${kills} kills at random moments`, { timeout: 600_000 }, async () => {
  const whole = join(folder, "whole");
  const started = performance.now();
  expect(await run([...options, "--out", whole])).toMatchObject({ code: 0 });
  const duration = performance.now() - started;
  const wanted = contents(whole);
  expect(wanted.metrics.length).toBe(4 * 6 + 4);

  const random = randomStream(1, "kills");
  let done = 0;
  let finished = 0;
  for (let attempt = 0; done < kills; attempt++) {
    const path = join(folder, `killed-${attempt}`);
    for (;;) {
      const resume = existsSync(join(path, "run.json"));
      const args = resume ? ["--resume", "--out", path] : [...options, "--out", path];
      const { code, errors } = await run(args, done < kills ? random.uniform() * 1.2 * duration : undefined);
      if (code === null) done++;
      else expect(code, errors).toBe(0);
      if (code === 0) break;
    }
    finished++;
    expect(contents(path)).toEqual(wanted);
    rmSync(path, { recursive: true });
  }
  console.log(`${done} kills over ${finished} runs, each ended in the same bits`);
});
