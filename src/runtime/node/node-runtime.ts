import { createRequire } from "node:module";
import { assertArgument } from "../../core/index.js";
import type { Runtime } from "../../graph/index.js";
import { type LoweringOption, loweringOptions } from "../lowering-option.js";
import { type ChosenLowering, chooseLowering, rulesOf } from "./choose-lowering.js";
import { loadNodeSession } from "./node-session.js";
import { createNodeState } from "./node-state.js";
import { probeBlocked } from "./probe-blocked.js";
import { startWorker, type WorkerThreads } from "./start-worker.js";

/** Options of {@link nodeRuntime}. */
export interface NodeRuntimeOptions extends WorkerThreads {
  /**
   * `blocked`: the processor's fast operators on tensors whose channels lie in blocks; `portable`: standard operators;
   * `auto` (the default): the first where this machine and version of ONNX Runtime have them, else the second.
   */
  readonly lowering?: LoweringOption;
}

/** ONNX Runtime in Node. */
export interface NodeRuntime extends Runtime {
  /** Tells the lowering too as soon as it is known: `onnxruntime-node 1.30.0 (cpu, 2 threads, blocked 16)`. */
  readonly name: string;
  /**
   * What programs are lowered with, known after a probe of some milliseconds; programs are loaded after it.
   * Rejects with an ExecutionError, as `load` does, if `blocked` was asked for and cannot be used.
   */
  readonly lowering: Promise<ChosenLowering>;
}

/**
 * ONNX Runtime on this machine's processor, in a thread of its own: the caller's thread stays free during a step, and
 * tensors of a `State` stay beside the runtime. The thread does not keep the process alive when nothing is asked.
 *
 * With the same number of threads and the same lowering, the same program gives the same bits.
 *
 * @throws InvalidArgumentError unless `threads` is a positive integer and `lowering` one of its options.
 * @example
 * const runtime = nodeRuntime({ threads: 2 });
 */
export function nodeRuntime(options: NodeRuntimeOptions = {}): NodeRuntime {
  const { lowering: asked = "auto" } = options;
  assertArgument(
    loweringOptions.includes(asked),
    "nodeRuntime",
    `a lowering among ${loweringOptions.join(", ")}`,
    asked,
  );
  const { link, threads } = startWorker("nodeRuntime", options);
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { readonly version: string };
  let known: ChosenLowering | undefined;
  const choose = async (): Promise<ChosenLowering> => {
    known = chooseLowering(asked, asked === "portable" ? undefined : await probeBlocked(link, version));
    return known;
  };
  const lowering = choose();
  lowering.catch(() => {}); // told by the first load, if nobody asks before
  return {
    get name() {
      const chosen = known === undefined ? [] : [[known.name, known.block].join(" ").trimEnd()];
      const details = ["cpu", `${threads} ${threads === 1 ? "thread" : "threads"}`, ...chosen];
      return `onnxruntime-node ${version} (${details.join(", ")})`;
    },
    lowering,
    load: async (program) => loadNodeSession(link, program, rulesOf(await lowering)),
    createState: (tensors) => createNodeState(link, tensors),
    close: () => link.close(),
  };
}
