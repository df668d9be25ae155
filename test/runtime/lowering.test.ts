import { describe, expect, it } from "vitest";
import { ExecutionError, InvalidArgumentError, type Shape, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import { decodeModel } from "../../src/onnx/index.js";
import { chooseLowering, rulesOf } from "../../src/runtime/node/choose-lowering.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { probeBlocked } from "../../src/runtime/node/probe-blocked.js";
import type { WorkerLink } from "../../src/runtime/node/worker-link.js";

interface Machine {
  /** Channels of a block; none: ONNX Runtime has no blocked operators. */
  readonly block?: number;
  /** What the convolution in blocks errs by. */
  readonly error?: number;
}

/** A machine that answers what the probe asks, and notes what sessions it leaves open. */
function machine({ block, error = 0 }: Machine) {
  const open = new Set<number>();
  const models: Uint8Array[] = [];
  const filled = (value: number, shape: Shape): Tensor => tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
  const answers = {
    load({ model }: { readonly model: Uint8Array }) {
      if (block === undefined) throw new ExecutionError("onnxruntime-node: ReorderInput(-1) is not a registered op");
      open.add(models.push(model) - 1);
      return { session: models.length - 1, inputs: {}, outputs: {} };
    },
    run({ session, feeds, outputs }: { session: number; feeds: Record<string, Tensor>; outputs: string[] }) {
      const { shape } = feeds.x!;
      const convolves = decodeModel(models[session]!).graph!.node.some(({ opType }) => opType === "Conv");
      const results = convolves ? [filled(2, shape), filled(2 + error, shape)] : [filled(1, [1, block!, 1, 1])];
      return { outputs: Object.fromEntries(outputs.map((name, index) => [name, results[index]!])), updated: false };
    },
    closeSession({ session }: { readonly session: number }) {
      open.delete(session);
    },
  };
  const ask = async (kind: keyof typeof answers, body: never) => (answers[kind] as (body: never) => unknown)(body);
  return { open, link: { ask } as unknown as Pick<WorkerLink, "ask"> };
}

describe("the probe", () => {
  it.each([8, 16])("finds blocks of %i channels", async (block) => {
    const { link, open } = machine({ block });
    expect(await probeBlocked(link, "1.30.4")).toEqual({ block });
    expect(open.size).toBe(0);
  });

  it.each<[string, Machine, string, RegExp]>([
    ["another version", { block: 16 }, "1.31.0", /tested with onnxruntime-node 1\.30\.x, and this is 1\.31\.0/],
    ["a version that begins alike", { block: 16 }, "1.3.0", /this is 1\.3\.0/],
    ["no blocked operators", {}, "1.30.0", /cannot run its operators here \(.*ReorderInput.* not a registered op/],
    ["a convolution that differs", { block: 8, error: 1e-3 }, "1.30.0", /differs from the plain one/],
    ["a convolution that gives nothing", { block: 8, error: Number.NaN }, "1.30.0", /differs from the plain one/],
    ["blocks that nobody knows", { block: 4 }, "1.30.0", /knows blocks of 8 and 16 channels, and this machine has 4/],
  ])("tells of %s", async (_, kind, version, obstacle) => {
    expect(await probeBlocked(machine(kind).link, version)).toEqual({ obstacle: expect.stringMatching(obstacle) });
  });

  it("does not hide its own errors", async () => {
    const ask = () => Promise.reject(new TypeError("a mistake of ours"));
    await expect(probeBlocked({ ask } as Pick<WorkerLink, "ask">, "1.30.0")).rejects.toThrow(TypeError);
  });
});

describe("the choice", () => {
  const obstacle = "ReorderInput is missing";
  it("is the blocked lowering where it runs, unless the portable one is asked for", () => {
    for (const block of [8, 16]) {
      expect(chooseLowering("auto", { block })).toEqual({ name: "blocked", block });
      expect(chooseLowering("blocked", { block })).toEqual({ name: "blocked", block });
      expect(rulesOf({ name: "blocked", block }).name).toBe(`blocked ${block}`);
    }
    expect(chooseLowering("portable", undefined)).toEqual({ name: "portable" });
    expect(rulesOf({ name: "portable" }).name).toBe("portable");
  });

  it("falls back to the portable one and says why, or fails where the blocked one was asked for", () => {
    const notice = `the portable lowering in place of the blocked one, which is faster: ${obstacle}`;
    expect(chooseLowering("auto", { obstacle })).toEqual({ name: "portable", notice });
    expect(() => chooseLowering("blocked", { obstacle })).toThrow(ExecutionError);
    expect(() => chooseLowering("blocked", { obstacle })).toThrow(
      /lowering blocked: expected a machine and a runtime that can run it, got ReorderInput is missing; choose auto or p/,
    );
  });
});

describe("nodeRuntime", () => {
  it("tells the lowering in its name once it is known", async () => {
    const runtime = nodeRuntime({ threads: 2 });
    const { name, block, notice } = await runtime.lowering;
    expect(name).toBe(block === undefined ? "portable" : "blocked");
    expect(notice === undefined).toBe(name === "blocked");
    const told = block === undefined ? "portable" : `blocked ${block}`;
    expect(runtime.name).toMatch(new RegExp(`^onnxruntime-node \\d+\\.\\d+\\.\\d+ \\(cpu, 2 threads, ${told}\\)$`));
    await runtime.close();
  });

  it("does not look for the blocked one where the portable one is asked for", async () => {
    const runtime = nodeRuntime({ threads: 1, lowering: "portable" });
    expect(await runtime.lowering).toEqual({ name: "portable" });
    expect(runtime.name).toContain("(cpu, 1 thread, portable)");
    await runtime.close();
  });

  it("refuses a lowering that there is not", () => {
    const word = "fast" as "auto";
    expect(() => nodeRuntime({ lowering: word })).toThrow(InvalidArgumentError);
    expect(() => nodeRuntime({ lowering: word })).toThrow(/a lowering among auto, blocked, portable, got fast/);
  });
});
