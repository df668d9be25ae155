import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RunError } from "../../src/core/index.js";
import { RunFolder } from "../../src/io/files/index.js";

let path: string;
let other: ChildProcess | undefined;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "normwise-lock-"));
});
afterEach(() => {
  other?.kill("SIGKILL");
  other = undefined;
  rmSync(path, { recursive: true });
});

const started = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!;
const lockOf = (pid: number, start: string, host = hostname()) => join(path, `.lock-${pid}-${start}-${host}`);
const locks = () => readdirSync(path).filter((name) => name.startsWith(".lock-"));

/** A living process that holds the folder. */
async function holder(): Promise<number> {
  other = spawn(process.execPath, ["-e", "process.stdout.write('up'); setInterval(() => {}, 1000)"]);
  await once(other.stdout!, "data");
  const pid = other.pid!;
  writeFileSync(lockOf(pid, process.platform === "linux" ? started(pid) : "0"), "");
  return pid;
}

describe("one process at a time writes a run", () => {
  test("a second writer in this process is refused until the first closes", async () => {
    const run = await RunFolder.create(path, {});
    await expect(RunFolder.open(path)).rejects.toThrow(/one open in this process; close it first/);
    await run.close();
    await (await RunFolder.open(path)).close();
    expect(locks()).toEqual([]);
  });

  test("another process that lives is named, and its lock left alone", async () => {
    const pid = await holder();
    const error = await RunFolder.create(path, {}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RunError);
    expect(String(error)).toContain(`process ${pid} on ${hostname()}`);
    expect(locks()).toHaveLength(1);
  });

  test("the lock of a killed process is taken over within moments", async () => {
    await holder();
    other!.kill("SIGKILL");
    const before = Date.now();
    await (await RunFolder.create(path, {})).close();
    expect(Date.now() - before).toBeLessThan(900); // below the patience with the living
    expect(locks()).toEqual([]);
  });

  test.runIf(process.platform === "linux")(
    "a later process with a dead one's number is not mistaken for it",
    async () => {
      const pid = await holder();
      rmSync(lockOf(pid, started(pid)));
      writeFileSync(lockOf(pid, "1"), "");
      await (await RunFolder.create(path, {})).close();
      expect(locks()).toEqual([]);
    },
  );

  test("of a process on another machine nothing is known, so a person has to decide", async () => {
    writeFileSync(lockOf(7, "1", "elsewhere"), "");
    await expect(RunFolder.create(path, {})).rejects.toThrow(
      /process 7 on elsewhere .*if it is surely gone, remove .*\.lock-7-1-elsewhere/,
    );
  });

  test("a failed start gives the lock back", async () => {
    writeFileSync(join(path, "run.json"), "{}");
    writeFileSync(join(path, "checkpoints"), "a file in the way");
    await expect(RunFolder.open(path)).rejects.toThrow(RunError);
    expect(locks()).toEqual([]);
  });
});
