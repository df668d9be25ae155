import { fileURLToPath } from "node:url";
import { type Ask, type Peer, startPeer } from "./peer.js";

/**
 * Who trains. `normwise-measuring` also measures norms and rotations in every step; `normwise-portable` uses standard
 * ONNX operators only.
 */
export type Engine = "normwise" | "normwise-measuring" | "normwise-portable" | "torch" | "torch-channels-last" | "tfjs";

/** What an engine is asked beyond model, threads, batch and steps. */
export const asks: Readonly<Record<Engine, Pick<Ask, "channelsLast" | "measure" | "lowering">>> = {
  normwise: {},
  "normwise-measuring": { measure: true },
  "normwise-portable": { lowering: "portable" },
  torch: {},
  "torch-channels-last": { channelsLast: true },
  tfjs: {},
};

/** Engines that are PyTorch. */
export const isTorch = (engine: Engine): boolean => engine.startsWith("torch");

/** Starts the process of an engine. */
export function startEngine(engine: Engine, threads: number, python: string | undefined): Promise<Peer> {
  // This file runs from dist-bench/bench; what is not TypeScript stays in bench.
  const source = (path: string): string => fileURLToPath(new URL(`../../bench/${path}`, import.meta.url));
  if (engine === "tfjs") return startPeer(process.execPath, [source("tfjs/step.mjs")]);
  if (!isTorch(engine)) {
    return startPeer(process.execPath, [fileURLToPath(new URL("own/step.js", import.meta.url))]);
  }
  if (python === undefined) throw new Error(`${engine}: no Python with PyTorch`);
  return startPeer(python, [source("torch/step.py")], { OMP_NUM_THREADS: String(threads) });
}

/** A peer that was found. */
export interface Found {
  readonly torch?: {
    readonly python: string;
    readonly version: string;
    /** 10⁹ floating-point operations per second of its matrix product, one thread. */
    readonly productGigaflops: number;
  };
  readonly tfjs?: { readonly version: string };
}

/** Looks for the peers of other makers. */
export async function findPeers(wanted: readonly string[]): Promise<Found> {
  const torch = wanted.includes("torch") ? await findTorch() : undefined;
  const tfjs = wanted.includes("tfjs") ? await versionsOf("tfjs", undefined) : undefined;
  return { ...(torch ? { torch } : {}), ...(tfjs ? { tfjs: { version: tfjs.tfjs! } } : {}) };
}

/** The first Python that has PyTorch: `NORMWISE_PYTHON` if set, else the one on the path, else the system's. */
async function findTorch(): Promise<Found["torch"]> {
  const named = process.env.NORMWISE_PYTHON;
  for (const python of named ? [named] : ["python3", "/usr/bin/python3"]) {
    const versions = await versionsOf("torch", python);
    if (versions) return { python, version: versions.torch!, productGigaflops: Number(versions.productGigaflops) };
  }
  return undefined;
}

/** What an engine says of itself; undefined where it is not installed. */
async function versionsOf(engine: Engine, python: string | undefined): Promise<Peer["versions"] | undefined> {
  try {
    const peer = await startEngine(engine, 1, python);
    peer.close();
    return peer.versions;
  } catch {
    return undefined;
  }
}
