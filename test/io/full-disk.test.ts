import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunError, tensor } from "../../src/core/index.js";
import { RunFolder, readRun, writeFileAtomic } from "../../src/io/files/index.js";

const disk = mkdtempSync(join(tmpdir(), "normwise-disk-"));
let mounted = false;
beforeAll(() => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    mounted = true;
  } catch {
    console.warn("no right to mount a small disk: kill.test.ts has a write that fails without it");
  }
});
afterAll(() => {
  if (mounted) execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true });
});

async function refused(action: () => unknown, ...parts: string[]): Promise<void> {
  const error = await Promise.resolve()
    .then(action)
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RunError);
  for (const part of parts) expect((error as Error).message).toContain(part);
}

const small = { weight: tensor(new Float32Array(1000).fill(1)) };
const large = { weight: tensor(new Float32Array(500_000)) };

describe("a full disk", () => {
  test("while a checkpoint, norms or a file is written: the old is untouched, nothing is left, and it can be tried again", async ({
    skip,
  }) => {
    skip(!mounted, "no right to mount");
    const path = join(disk, "a");
    const run = await RunFolder.create(path, {});
    await run.writeCheckpoint("last", small, { step: "1" });
    const checkpoint = join(path, "checkpoints", "last.safetensors");
    const before = readFileSync(checkpoint);
    await refused(() => run.writeCheckpoint("last", large), checkpoint, "ENOSPC", "free space on that disk");
    expect(readFileSync(checkpoint)).toEqual(before);
    expect(readdirSync(join(path, "checkpoints"))).toEqual(["last.safetensors"]);
    await refused(() => run.writeFile("model.onnx", new Uint8Array(2 ** 21)), "model.onnx", "ENOSPC");
    expect(existsSync(join(path, "model.onnx"))).toBe(false);

    const filler = join(disk, "filler");
    expect(() => writeFileSync(filler, new Uint8Array(2 ** 21))).toThrow(/ENOSPC/);
    await run.appendNorms([
      { layer: "a", step: 0, norm: new Float32Array(2000).fill(3), rotation: new Float32Array(2000) },
    ]);
    await refused(() => run.writeCheckpoint("last", small), "norms-00000000.arrow", "ENOSPC");
    let lines = 0;
    await refused(
      () => {
        for (; lines < 1e6; lines++) run.appendMetrics({ step: lines, text: "x".repeat(300) });
      },
      "metrics.jsonl",
      "ENOSPC",
      "free space on that disk",
    );
    expect(readRun(path).readMetrics()).toHaveLength(lines);
    rmSync(filler);
    run.appendMetrics({ step: lines });
    await run.writeCheckpoint("last", small, { step: "2" }); // and the norms that had to wait
    await run.close();
    expect(readRun(path).readMetrics().at(-1)).toEqual({ step: lines });
    expect(readRun(path).readMetrics()).toHaveLength(lines + 1);
    expect([...readRun(path).readNorms().at(0).get("a")!.norm]).toEqual(new Array(2000).fill(3));
    expect(readRun(path).readCheckpoint("last").metadata.step).toBe("2");
  });
});

test("writing where there is no folder, or a folder is in the way, says so and leaves nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "normwise-atomic-"));
  await refused(
    () => writeFileAtomic(join(folder, "none", "a.json"), "{}"),
    join(folder, "none"),
    "ENOENT",
    "check the path",
  );
  mkdirSync(join(folder, "b.json"));
  await refused(() => writeFileAtomic(join(folder, "b.json"), "{}"), "b.json", "EISDIR", "a folder is in its place");
  expect(readdirSync(folder)).toEqual(["b.json"]);
  await writeFileAtomic(join(folder, "a.json"), "old");
  await writeFileAtomic(join(folder, "a.json"), "new");
  expect(readFileSync(join(folder, "a.json"), "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["a.json", "b.json"]);
  rmSync(folder, { recursive: true });
});
