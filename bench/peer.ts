import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { LoweringOption } from "../src/runtime/index.js";
import type { Model, NormModel } from "./models.js";

/** What a peer is asked to do: training steps of a configuration, the same one as long as it lives. */
export interface Ask {
  readonly model: Model | NormModel;
  readonly threads: number;
  readonly batch: number;
  /** Steps before the clock starts. */
  readonly warmSteps: number;
  /** Steps that are timed. */
  readonly steps: number;
  /** PyTorch only: the memory format of images and weights. */
  readonly channelsLast?: boolean;
  /** PyTorch only: whether its own account of the steps is wanted. */
  readonly profile?: boolean;
  /** Normwise only: whether norms and rotations are measured in every step. */
  readonly measure?: boolean;
  /** Normwise only: the lowering; the runtime's choice by default. */
  readonly lowering?: LoweringOption;
}

/** What it took. */
export interface Taken {
  readonly seconds: number;
  /** Largest resident size of the peer's process so far. */
  readonly peakMegabytes: number;
  /** What its process has used of all processors so far. */
  readonly processorSeconds: number;
  /** Numbers that are trained. */
  readonly parameters?: number;
  /** Normwise only: from the description of the network to a session that runs. */
  readonly creationMilliseconds?: number;
  /** What exactly took the steps. */
  readonly about?: string;
  /** Milliseconds of a step by the peer's own operators, if they were asked for. */
  readonly operators?: readonly { readonly kind: string; readonly count: number; readonly milliseconds: number }[];
}

/** A process of its own that runs training steps on command: one JSON object per line each way. */
export interface Peer {
  /** What the peer says it is: versions by name. */
  readonly versions: Readonly<Record<string, string>>;
  run(ask: Ask): Promise<Taken>;
  close(): void;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL"); // one that is stopped would never end by itself
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

/**
 * Starts a peer. Its process is stopped whenever nothing is asked of it: the threads of ONNX Runtime and OpenMP go on
 * looking for work for a while after a run, and would take the processor from the peer whose turn is next. (Windows cannot
 * stop a process; there turns disturb each other.)
 *
 * Rejects with what the process wrote to its error stream if it ends before it says what it is.
 */
export async function startPeer(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...environment } });
  running.add(child);
  child.on("close", () => running.delete(child));
  const signal = (name: "SIGSTOP" | "SIGCONT"): void => {
    if (process.platform !== "win32") child.kill(name);
  };
  const next = answers(child);
  const { versions } = (await next()) as { versions: Record<string, string> };
  signal("SIGSTOP");
  return {
    versions,
    async run(ask) {
      signal("SIGCONT");
      child.stdin.write(`${JSON.stringify(ask)}\n`);
      const answer = (await next()) as Taken & { error?: string };
      signal("SIGSTOP");
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    },
    close() {
      child.stdin.end();
      signal("SIGCONT");
    },
  };
}

/** A function that waits for the process's next line. */
function answers(child: ChildProcess): () => Promise<unknown> {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  let errors = "";
  child.stderr!.on("data", (text) => {
    errors += text;
  });
  const failed = new Promise<never>((_, reject) => {
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(errors.trim() || `ended with code ${code}`)));
  });
  failed.catch(() => {}); // also rejects when the peer is closed and nobody waits
  return async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    return done ? failed : JSON.parse(value as string);
  };
}
