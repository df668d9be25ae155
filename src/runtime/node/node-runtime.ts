import { createRequire } from "node:module";
import type { Runtime } from "../../graph/index.js";
import { loadNodeSession } from "./node-session.js";
import { createNodeState } from "./node-state.js";
import { type NodeRuntimeOptions, startWorker } from "./start-worker.js";

/**
 * ONNX Runtime on this machine's processor, in a thread of its own: the caller's thread stays free during a step, and
 * tensors of a `State` stay beside the runtime. The thread does not keep the process alive when nothing is asked.
 *
 * With the same number of threads, the same program gives the same bits.
 *
 * @throws InvalidArgumentError unless `threads` is a positive integer.
 * @example
 * const runtime = nodeRuntime({ threads: 2 });
 */
export function nodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const { link, threads } = startWorker("nodeRuntime", options);
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { readonly version: string };
  return {
    name: `onnxruntime-node ${version} (cpu, ${threads} ${threads === 1 ? "thread" : "threads"})`,
    load: (program) => loadNodeSession(link, program),
    createState: (tensors) => createNodeState(link, tensors),
    close: () => link.close(),
  };
}
