import { existsSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "../../../src/core/index.js";
import { RunFolder } from "../../../src/io/files/index.js";
import type { NormRow } from "../../../src/io/index.js";

/** A made-up training whose every number is a function of the step. */
export interface Plan {
  readonly steps: number;
  /** A checkpoint every so many steps. */
  readonly every: number;
  /** Elements of the weight. */
  readonly size: number;
  /** Small enough, and norms go to the disk between checkpoints too. */
  readonly normBuffer: number;
}

export const config = { seed: 1, model: "made up" };

/** The weight after so many steps. */
export function weightAt(step: number, size: number): Float32Array {
  const weight = new Float32Array(size);
  for (let i = 0; i < size; i++) weight[i] = Math.imul(step * 40503 + i, 2654435761) / 2 ** 32;
  return weight;
}

/** The norms measured in a step. */
export function normsAt(step: number): NormRow[] {
  return ["features.0", "features.3"].map((layer, i) => ({
    layer,
    step,
    norm: weightAt(step, 8 + i).map(Math.abs),
    rotation: weightAt(step + 1, 8 + i).map(Math.abs),
  }));
}

/** The lines of the log that belong to the first steps: one a step, and one more at each checkpoint. */
export function metricsUntil(step: number, every: number): object[] {
  return Array.from({ length: step }, (_, i) => [
    { type: "step", step: i, loss: 1 / (i + 1) },
    ...((i + 1) % every === 0 ? [{ type: "epoch", step: i + 1 }] : []),
  ]).flat();
}

/** Starts the training, or takes it up where it was, and goes to the end. */
export async function train(path: string, plan: Plan): Promise<void> {
  const run = existsSync(join(path, "run.json"))
    ? await RunFolder.open(path, plan)
    : await RunFolder.create(path, config, plan);
  const checkpoint = await run.resume();
  for (let step = Number(checkpoint?.metadata.step ?? 0); step < plan.steps; step++) {
    run.appendMetrics({ type: "step", step, loss: 1 / (step + 1) });
    await run.appendNorms(normsAt(step));
    if ((step + 1) % plan.every !== 0) continue;
    run.appendMetrics({ type: "epoch", step: step + 1 });
    const tensors = { weight: tensor(weightAt(step + 1, plan.size)) };
    const metadata = { step: String(step + 1) };
    if ((step + 1) % (2 * plan.every) === 0) await run.writeCheckpoint("best", tensors, metadata);
    await run.writeCheckpoint("last", tensors, metadata);
  }
  await run.writeFile("summary.json", JSON.stringify({ steps: plan.steps }));
  await run.close();
}
