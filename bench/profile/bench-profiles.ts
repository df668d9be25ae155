import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoweringOption } from "../../src/runtime/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { type Found, startEngine } from "../engines.js";
import { factsOf, type Model } from "../models.js";
import type { BenchOptions } from "../options.js";
import { prepare } from "../own/workloads.js";
import { account, type Cost, costLines, kinds } from "./account.js";
import { type Limits, machineLimits } from "./limits.js";
import { type Profile, readProfile } from "./read-profile.js";

/** Where the time of a model's step goes. */
export interface StepProfile {
  readonly model: Model;
  readonly threads: number;
  readonly batch: number;
  readonly limits: Limits;
  /** Of a run of ONNX Runtime; what JavaScript does around it is not in it. */
  readonly milliseconds: number;
  readonly operators: readonly Cost[];
  readonly primitives: readonly Cost[];
  readonly values: readonly Cost[];
  /** PyTorch's own account of its step. */
  readonly torch?: { readonly milliseconds: number; readonly operators: readonly Cost[] };
}

const [warmSteps, steps] = [3, 7];

/** Profiles a step of each model with each number of threads. */
export async function benchProfiles(
  options: BenchOptions,
  found: Found,
  say: (line: string) => void,
): Promise<{ readonly profiles: readonly StepProfile[] }> {
  const profiles: StepProfile[] = [];
  for (const threads of options.threads) {
    const limits = await machineLimits(threads);
    say(
      `\nThe machine with ${threads} threads: ${limits.gigaflops.toFixed(0)} GFLOP/s (MatMul of 1024 × 1024), ` +
        `${limits.gigabytes.toFixed(1)} GB/s (Relu of 64 MB)`,
    );
    for (const model of options.models) {
      const batch = options.batch ?? factsOf(model).batch;
      const profile = await profileOwn(model, threads, batch, options.lowering);
      const torch = found.torch && factsOf(model).variantOf === undefined ? await profileTorch() : undefined;
      const of = (kind: keyof typeof kinds): Cost[] => account(profile, kinds[kind]);
      const costs = { operators: of("operator"), primitives: of("primitive"), values: of("value") };
      const { milliseconds } = profile;
      profiles.push({ model, threads, batch, limits, milliseconds, ...costs, ...(torch ? { torch } : {}) });
      for (const line of stepLines(profiles.at(-1)!)) say(line);

      async function profileTorch(): Promise<StepProfile["torch"]> {
        const peer = await startEngine("torch", threads, found.torch!.python);
        try {
          const { operators = [], seconds } = await peer.run({
            model,
            threads,
            batch,
            warmSteps,
            steps,
            profile: true,
          });
          const whole = (1000 * seconds) / steps;
          const shares = operators.map((cost) => ({ ...cost, share: cost.milliseconds / whole }));
          return { milliseconds: whole, operators: shares.sort((a, b) => b.milliseconds - a.milliseconds) };
        } finally {
          peer.close();
        }
      }
    }
  }
  return { profiles };
}

async function profileOwn(model: Model, threads: number, batch: number, lowering?: LoweringOption): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), "normwise-profile-"));
  const runtime = nodeRuntime({ threads, profile: folder, ...(lowering === undefined ? {} : { lowering }) });
  try {
    const workload = await prepare(runtime, { model, batch });
    for (let step = 0; step < warmSteps + steps; step++) await workload.step();
    await workload.close();
    const last = (await readdir(folder)).sort().at(-1)!; // one before it is that of the runtime's probe
    return readProfile(await readFile(join(folder, last), "utf8"), warmSteps);
  } finally {
    await runtime.close();
    await rm(folder, { recursive: true });
  }
}

function stepLines({
  model,
  threads,
  batch,
  milliseconds,
  operators,
  primitives,
  values,
  torch,
}: StepProfile): string[] {
  const inNodes = operators.reduce((sum, cost) => sum + cost.milliseconds, 0);
  const lines = [
    `\n${model}, batch ${batch}, ${threads} threads: ${milliseconds.toFixed(1)} ms, ${inNodes.toFixed(1)} of them in nodes`,
    ...costLines("by operator", operators),
    ...costLines("by primitive", primitives),
    ...costLines("by value", values, 15),
  ];
  if (torch) {
    lines.push(
      `PyTorch's step: ${torch.milliseconds.toFixed(1)} ms`,
      ...costLines("by its operators", torch.operators),
    );
  }
  return lines;
}
