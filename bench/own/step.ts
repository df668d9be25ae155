import { createInterface } from "node:readline";
import { type NodeRuntimeOptions, nodeRuntime } from "../../src/runtime/node/index.js";
import type { Ask, Taken } from "../peer.js";
import { prepare, type Workload } from "./workloads.js";

// Normwise's side of the benchmark: the counterpart of torch/step.py, with the same lines in and out.

const say = (message: object): void => console.log(JSON.stringify(message));
let prepared: { readonly about: string; readonly workload: Workload } | undefined;

async function open({ threads, lowering, ...options }: Ask): Promise<typeof prepared> {
  const runtimeOptions: NodeRuntimeOptions = { threads, ...(lowering === undefined ? {} : { lowering }) };
  const runtime = nodeRuntime(runtimeOptions);
  const workload = await prepare(runtime, options);
  return { about: runtime.name, workload };
}

async function answer(ask: Ask): Promise<Taken> {
  prepared ??= await open(ask);
  const { about, workload } = prepared!;
  for (let step = 0; step < ask.warmSteps; step++) await workload.step();
  const start = performance.now();
  for (let step = 0; step < ask.steps; step++) await workload.step();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage();
  return {
    seconds,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    processorSeconds: (user + system) / 1e6,
    parameters: workload.parameters,
    creationMilliseconds: workload.creationMilliseconds(),
    about,
  };
}

say({ versions: { node: process.version } });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await answer(JSON.parse(line)));
  } catch (error) {
    say({ error: String(error) }); // the asker decides what a failure means
  }
}
process.exit(); // the runtime's thread need not be waited for
