import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { RunFolder } from "../../src/io/files/index.js";
import { config, metricsUntil, normsAt, type Plan, train, weightAt } from "./support/training.js";

const scratch = mkdtempSync(join(tmpdir(), "normwise-kill-"));
const child = join(scratch, "child.mjs");
beforeAll(async () => {
  const entryPoints = [new URL("support/child.ts", import.meta.url).pathname];
  await build({ entryPoints, outfile: child, bundle: true, platform: "node", format: "esm", ignoreAnnotations: true });
});
afterAll(() => rmSync(scratch, { recursive: true }));

interface Ended {
  readonly killed: boolean;
  readonly output: string;
}

function start(path: string, plan: Plan, killAt = 0): { process: ChildProcess; ended: Promise<Ended> } {
  const process_ = spawn(process.execPath, [child, path, JSON.stringify(plan)], {
    env: { ...process.env, KILL_AT: String(killAt) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  process_.stdout.on("data", (data) => {
    output += data;
  });
  process_.stderr.on("data", (data) => {
    errors += data;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    process_.on("close", (code, signal) => {
      if (signal !== "SIGKILL" && code !== 0) reject(new Error(`child ended with ${code}: ${errors}`));
      else resolve({ killed: signal === "SIGKILL", output });
    });
  });
  return { process: process_, ended };
}

/** Every file of a folder, by path, as text. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), readFileSync(path, "latin1")]));
}

/** Opens a run as a resume does and compares all of it with what belongs to its last checkpoint; gives that one's step. */
async function checkResumed(path: string, plan: Plan): Promise<number> {
  const run = await RunFolder.open(path);
  const checkpoint = await run.resume();
  const step = Number(checkpoint?.metadata.step ?? 0);
  expect(step % plan.every).toBe(0);
  if (checkpoint !== undefined) expect(checkpoint.tensors.weight!.data).toEqual(weightAt(step, plan.size));
  expect(run.config).toEqual(config);
  expect(run.readMetrics()).toEqual(metricsUntil(step, plan.every));
  const norms = run.readNorms();
  expect(norms.steps).toEqual(Array.from({ length: step }, (_, i) => i));
  for (const at of norms.steps) expect([...norms.at(at).values()]).toEqual(normsAt(at));
  if (run.hasCheckpoint("best")) {
    const best = run.readCheckpoint("best");
    expect(best.tensors.weight!.data).toEqual(weightAt(Number(best.metadata.step), plan.size));
  }
  await run.close();
  expect(Object.keys(contents(path)).filter((name) => /\/\./.test(name))).toEqual([]);
  return step;
}

// Each test starts up to a hundred processes.
describe("killed by SIGKILL, a run goes on from its last checkpoint with the same bits", { timeout: 400_000 }, () => {
  test("at 25 random times", async () => {
    const plan: Plan = { steps: 1_000_000, every: 3, size: 100_000, normBuffer: 1000 };
    const path = join(scratch, "random");
    const random = randomStream(7, "kill");
    let reached = 0;
    let unfinished = 0;
    for (let kill = 0; kill < 25; kill++) {
      const running = start(path, plan);
      const deadline = Date.now() + 30_000;
      // A fifth of the kills come while the process starts; the rest once it writes.
      const own = `.lock-${running.process.pid}-`;
      const locked = () => existsSync(path) && readdirSync(path).some((name) => name.startsWith(own));
      while (kill % 5 !== 0 && !locked() && Date.now() < deadline) await setTimeout(2);
      await setTimeout(random.uniform() * (kill % 5 === 0 ? 150 : 300));
      running.process.kill("SIGKILL");
      expect((await running.ended).killed).toBe(true);
      if (!existsSync(join(path, "run.json"))) continue;
      if (Object.keys(contents(path)).some((name) => name.endsWith(".tmp"))) unfinished++;
      // Every other time the next child resumes by itself.
      if (kill % 2 === 1) continue;
      const step = await checkResumed(path, plan);
      expect(step).toBeGreaterThanOrEqual(reached); // what was safe stays safe
      reached = step;
    }
    expect(reached).toBeGreaterThan(0);
    console.log(`25 kills; ${reached} steps; a file was being written at ${unfinished} of them`);

    const end = { ...plan, steps: reached + 7 };
    await train(path, end);
    const uninterrupted = join(scratch, "uninterrupted");
    await train(uninterrupted, end);
    expect(contents(path)).toEqual(contents(uninterrupted));
  });

  // Norms go to the disk after two steps; those of the third wait for the checkpoint, and a fourth step follows it.
  const short: Plan = { steps: 4, every: 3, size: 1000, normBuffer: 200 };

  /** Kills a run at every file operation in turn: before it, or half-way through a write. Gives the number of operations. */
  async function killEverywhere(name: string, plan: Plan, before?: string): Promise<number> {
    const whole = join(scratch, `${name}-whole`);
    if (before !== undefined) cpSync(before, whole, { recursive: true });
    const operations = Number((await start(whole, plan).ended).output);
    const wanted = contents(whole);
    const trial = async (killAt: number): Promise<void> => {
      const path = join(scratch, `${name}-${killAt}`);
      if (before !== undefined) cpSync(before, path, { recursive: true });
      expect((await start(path, plan, killAt).ended).killed, `operation ${killAt}`).toBe(true);
      if (existsSync(join(path, "run.json"))) await checkResumed(path, plan);
      await train(path, plan);
      expect(contents(path), `operation ${killAt}`).toEqual(wanted);
      rmSync(path, { recursive: true });
    };
    let next = 1;
    const lane = async (): Promise<void> => {
      while (next <= operations) await trial(next++);
    };
    await Promise.all([lane(), lane()]);
    return operations;
  }

  test("at every file operation of a run", async () => {
    expect(await killEverywhere("fresh", short)).toBeGreaterThan(60);
  });

  test("at every file operation of a resume", async () => {
    // Killed after its checkpoint, with further segments, a torn line and a half-written checkpoint.
    const before = join(scratch, "before");
    await train(before, short);
    const run = await RunFolder.open(before, { normBuffer: 0 });
    await run.appendNorms(normsAt(4));
    await run.appendNorms(normsAt(5));
    await run.close();
    appendFileSync(join(before, "metrics.jsonl"), '{"type":"st');
    writeFileSync(join(before, "checkpoints", ".last.safetensors.0123abcd.tmp"), "half");
    mkdirSync(join(before, "snapshots"));
    writeFileSync(join(before, "snapshots", ".epoch-0001.safetensors.0123abcd.tmp"), "half");
    rmSync(join(before, "summary.json"));
    expect(await killEverywhere("resumed", { ...short, steps: 7 }, before)).toBeGreaterThan(60);
  });

  test.skipIf(process.platform === "win32")("and so does one that could not write a file", async () => {
    const path = join(scratch, "limited");
    // No file may grow beyond 3 KiB: a checkpoint has 4. (Node ignores the signal, so the write fails with EFBIG.)
    const command = 'ulimit -f 3; exec "$0" "$@"';
    const run = spawnSync("bash", ["-c", command, process.execPath, child, path, JSON.stringify(short)], {
      encoding: "utf8",
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/RunError: .*last\.safetensors: expected to write the file, got EFBIG/);
    expect(readdirSync(join(path, "checkpoints"))).toEqual([]);
    await train(path, short);
    const whole = join(scratch, "unlimited");
    await train(whole, short);
    expect(contents(path)).toEqual(contents(whole));
  });
});
