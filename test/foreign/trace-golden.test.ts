import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openCheckpoints } from "../../src/foreign/files/index.js";
import { type TraceNumbers, traceCheckpoints, type WeightTrace } from "../../src/foreign/index.js";

/** What PyTorch measured of its own training: `test/goldens/trace/make.py`. */
interface Golden {
  readonly optimizer: "sgd" | "adamw";
  readonly lr: number;
  readonly weight_decay: number;
  readonly momentum: number;
  readonly checkpoints: readonly {
    readonly step: number;
    readonly norm: Readonly<Record<string, number>>;
    /** Since the checkpoint before. */
    readonly rotation?: Readonly<Record<string, number>>;
  }[];
}

const weights = ["0.weight", "4.weight", "7.weight"];

describe.each(["sgd", "adamw"])("checkpoints of PyTorch's %s", (name) => {
  const folder = `test/goldens/trace/${name}`;
  const golden: Golden = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8"));
  const numbers: TraceNumbers = {
    optimizer: golden.optimizer,
    momentum: golden.momentum,
    weightDecay: golden.weight_decay,
    rateAt: () => golden.lr,
  };

  /** Traces the checkpoints of some steps, given in any order. */
  async function traced(steps: readonly number[], weight: string): Promise<WeightTrace> {
    const files = readdirSync(folder).filter((file) => steps.some((step) => file === `step-00${step}.safetensors`));
    const series = await openCheckpoints(files.reverse().map((file) => `${folder}/${file}`));
    return traceCheckpoints(series, { name: weight, invariance: "channel", guessed: false }, numbers);
  }

  /** The golden's root mean square rotation between two of its steps. */
  function rotationBetween(from: number, to: number, weight: string): number {
    const own = golden.checkpoints.filter(({ step }) => step > from && step <= to);
    let [sum, before] = [0, from];
    for (const { step, rotation } of own) {
      sum += rotation![weight]! ** 2 * (step - before);
      before = step;
    }
    return Math.sqrt(sum / (to - from));
  }

  const all = golden.checkpoints.map(({ step }) => step);

  it.each(weights)("%s: norms, and the rotation of a single step, are PyTorch's", async (weight) => {
    const { points, channels } = await traced(all, weight);
    expect(points.map(({ step }) => step)).toEqual(all);
    expect(channels).toBe({ "0.weight": 8, "4.weight": 12, "7.weight": 16 }[weight]);
    for (const [i, { norm }] of points.entries()) {
      expect(Math.abs(norm.median / golden.checkpoints[i]!.norm[weight]! - 1)).toBeLessThan(1e-12);
    }
    expect(points[1]!.steps).toBe(1);
    expect(Math.abs(points[1]!.rotation!.median / golden.checkpoints[1]!.rotation![weight]! - 1)).toBeLessThan(1e-9);
  });

  it.each(weights)("%s: rotations told from 20 steps are PyTorch's to 13%%", async (weight) => {
    const { points } = await traced(all, weight);
    for (const [i, { rotation, step }] of points.entries()) {
      if (i < 2) continue;
      const measured = rotationBetween(points[i - 1]!.step, step, weight);
      expect(Math.abs(rotation!.median / measured - 1)).toBeLessThan(0.13);
    }
  });

  it.each(weights)("%s: two distant checkpoints alone tell too little, as documented", async (weight) => {
    const { points } = await traced([600, 700], weight);
    const ratio = points[1]!.rotation!.median / rotationBetween(600, 700, weight);
    expect(points[1]!.persistence).toBeUndefined();
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(0.6);
  });

  it.each(weights)("%s turns as the equilibrium says, to 15%%", async (weight) => {
    const { points } = await traced([600, 601], weight);
    const { alignment, normLimit, norm, predictedRotation } = points[1]!;
    const { lr, weight_decay: decay, momentum } = golden;
    const share = name === "adamw" ? (1 - momentum) / (1 + momentum) : 1 / (1 + momentum);
    expect(predictedRotation).toBeCloseTo(Math.sqrt(2 * lr * decay * share), 12);
    expect(Math.abs(alignment! - 1)).toBeLessThan(0.15);
    expect(normLimit! / norm.median).toBeCloseTo(alignment! ** (name === "adamw" ? 1 : 0.5), 12);
    // Over all 100 steps, by PyTorch's own measure, to 8%.
    expect(Math.abs(rotationBetween(600, 700, weight) / predictedRotation! - 1)).toBeLessThan(0.08);
  });
});
