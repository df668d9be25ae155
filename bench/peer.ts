import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a peer is asked to do: `steps` training steps of a configuration. */
export interface Ask {
  readonly model: string;
  readonly threads: number;
  readonly batch: number;
  readonly steps: number;
  /** PyTorch only: the memory format of images and weights. */
  readonly channelsLast?: boolean;
  /** Normwise only: whether norms and rotations are measured in every step. */
  readonly measure?: boolean;
}

/** What it took. */
export interface Taken {
  readonly seconds: number;
  /** Largest resident size of the peer's process so far. */
  readonly peakMegabytes: number;
}

/** A process of its own that runs training steps on command: one JSON object per line each way. */
export interface Peer {
  /** What the peer says it is: versions by name. */
  readonly versions: Readonly<Record<string, string>>;
  run(ask: Ask): Promise<Taken>;
  close(): void;
}

/** Starts a peer. Rejects with what the process wrote to its error stream if it ends before it says what it is. */
export async function startPeer(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...environment } });
  const next = answers(child);
  const { versions } = (await next()) as { versions: Record<string, string> };
  return {
    versions,
    async run(ask) {
      child.stdin.write(`${JSON.stringify(ask)}\n`);
      const answer = (await next()) as Taken & { error?: string };
      if (answer.error !== undefined) throw new Error(`${command}: ${answer.error}`);
      return answer;
    },
    close: () => child.stdin.end(),
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
