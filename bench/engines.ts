import { fileURLToPath } from "node:url";
import { type Ask, type Peer, startPeer } from "./peer.js";

/** Who trains. `normwise-measuring` also measures norms and rotations in every step. */
export type Engine = "normwise" | "normwise-measuring" | "torch" | "torch-channels-last";

/** What an engine is asked beyond model, threads, batch and steps. */
export const asks: Readonly<Record<Engine, Pick<Ask, "channelsLast" | "measure">>> = {
  normwise: {},
  "normwise-measuring": { measure: true },
  torch: {},
  "torch-channels-last": { channelsLast: true },
};

/** Starts the process of an engine. */
export function startEngine(engine: Engine, threads: number, python: string | undefined): Promise<Peer> {
  if (engine.startsWith("normwise")) {
    return startPeer(process.execPath, [fileURLToPath(new URL("own-step.js", import.meta.url))]);
  }
  if (python === undefined) throw new Error(`${engine}: no Python with PyTorch`);
  // This file runs from dist-bench/bench.
  const script = fileURLToPath(new URL("../../bench/torch/step.py", import.meta.url));
  return startPeer(python, [script], { OMP_NUM_THREADS: String(threads) });
}

/** The first Python that has PyTorch: `NORMWISE_PYTHON` if set, else the one on the path, else the system's. */
export async function findPython(): Promise<{ python: string; torch: string } | undefined> {
  const named = process.env.NORMWISE_PYTHON;
  for (const python of named ? [named] : ["python3", "/usr/bin/python3"]) {
    try {
      const peer = await startEngine("torch", 1, python);
      peer.close();
      return { python, torch: peer.versions.torch! };
    } catch {
      // not installed there, or without PyTorch: the next one
    }
  }
  return undefined;
}
