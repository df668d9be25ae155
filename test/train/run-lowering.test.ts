import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunError } from "../../src/core/index.js";
import type { LoweringOption } from "../../src/runtime/index.js";
import { type ChosenLowering, nodeRuntime } from "../../src/runtime/node/index.js";
import { parseRunConfig, type RunConfigInput } from "../../src/train/index.js";
import { type RecordedLowering, runRuntime, runTraining } from "../../src/train/node/index.js";

// A run tells what it was computed with, and goes on with that.

const folder = mkdtempSync(join(tmpdir(), "normwise-lowering-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let machine: ChosenLowering;
beforeAll(async () => {
  const runtime = nodeRuntime({ threads: 1 });
  machine = await runtime.lowering;
  await runtime.close();
});

/** A folder of a run that recorded this. */
function recorded(name: string, lowering?: RecordedLowering): string {
  mkdirSync(at(name));
  writeFileSync(join(at(name), "run.json"), JSON.stringify({ config: {}, ...(lowering ? { lowering } : {}) }));
  return at(name);
}

/** The lowering that a runtime for the run in a folder has. */
async function continued(path: string, lowering: LoweringOption = "auto"): Promise<RecordedLowering> {
  const runtime = await runRuntime({ threads: 1, lowering }, {}, path);
  const { name, block } = await runtime.lowering;
  await runtime.close();
  return { name, ...(block === undefined ? {} : { block }) };
}

describe("a run that is continued", () => {
  it("keeps the lowering that it recorded, or portable if it recorded none", async () => {
    const { name, block } = machine;
    const own = { name, ...(block === undefined ? {} : { block }) };
    expect(await continued(recorded("own", own))).toEqual(own);
    expect(await continued(recorded("portable", { name: "portable" }))).toEqual({ name: "portable" });
    expect(await continued(recorded("old"))).toEqual({ name: "portable" });
  });

  it("is refused where this machine has other blocks, unless another lowering is asked for", async () => {
    const path = recorded("elsewhere", { name: "blocked", block: machine.block === 16 ? 8 : 16 });
    for (const lowering of ["auto", "blocked"] as const) {
      await expect(continued(path, lowering)).rejects.toThrow(RunError);
      await expect(continued(path, lowering)).rejects.toThrow(
        /resume .*elsewhere: expected a machine for the lowering that the run began with, blocked \d+, got .*; --lowering po/,
      );
    }
    expect(await continued(path, "portable")).toEqual({ name: "portable" });
  });
});

it("run.json records the lowering, and a resume with another is allowed", async () => {
  const tiny: RunConfigInput = { model: "vgg11", width: 1 / 64, images: 96, validation: 0, batch: 32, epochs: 1 };
  const stop = new AbortController();
  const onStep = ({ step }: { readonly step: number }): void => (step === 2 ? stop.abort() : undefined);
  await runTraining(parseRunConfig({ ...tiny, threads: 1 }), at("run"), { signal: stop.signal, onStep });
  const { config, lowering, versions } = JSON.parse(readFileSync(join(at("run"), "run.json"), "utf8"));
  expect(config.lowering).toBe("auto");
  expect(lowering).toEqual({ name: machine.name, ...(machine.block === undefined ? {} : { block: machine.block }) });
  expect(versions.runtime).toContain([machine.name, machine.block].join(" ").trimEnd());
  const portable = parseRunConfig({ ...tiny, threads: 1, lowering: "portable" });
  expect(await runTraining(portable, at("run"), { resume: true })).toMatchObject({ interrupted: false });
});
