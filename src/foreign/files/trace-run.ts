import type { RunReader } from "../../io/files/index.js";
import type { Spread } from "../spread-of.js";
import { tracePoint } from "../trace/trace-point.js";
import type { TraceNumbers, WeightTrace } from "../trace/weight-trace.js";

/**
 * The norms and rotations that one of Normwise's own runs has recorded, as {@link WeightTrace}s: every recorded step is a moment with
 * the norms before it, the angle that it turned each channel by, and the effective rate that it used, whatever decided on it.
 *
 * @param run A run folder, finished or not.
 * @param weightDecayOf λ of a weight by its name, where groups of parameters have one of their own.
 */
export function traceRun(
  run: RunReader,
  numbers: TraceNumbers,
  weightDecayOf: (name: string) => number = () => numbers.weightDecay,
): WeightTrace[] {
  const reader = run.readNorms();
  const rows = reader.steps.map((step) => reader.at(step));
  const shapes = shapesOf(run);
  const used = effectiveRatesOf(run);
  return reader.layers.map((name) => {
    const own = { ...numbers, weightDecay: weightDecayOf(name) };
    const points = rows.flatMap((layers) => {
      const row = layers.get(name);
      if (row === undefined) return [];
      const { step, norm: norms, rotation: rotations } = row;
      // Logged from 1: the norms are those after step − 1 steps, the rotation is that of the step that follows.
      const moment = { step: step - 1, norms, invariant: true, steps: 1, firstStep: step - 1, rotations };
      const effectiveRate = used.get(step)?.[name]?.effectiveRate;
      return [{ ...tracePoint(moment, own), ...(effectiveRate ? { effectiveRate } : {}) }];
    });
    const channels = rows[0]?.get(name)?.norm.length ?? 0;
    const shape = shapes.get(name) ?? [channels];
    const invariance = channels === 1 && shape[0] !== 1 ? "tensor" : "channel";
    return { name, shape, invariance, guessed: false, channels, points };
  });
}

/** The shapes of the weights, from the run's last checkpoint; none before there is one. */
function shapesOf(run: RunReader): ReadonlyMap<string, readonly number[]> {
  if (!run.hasCheckpoint("last")) return new Map();
  const { tensors } = run.readCheckpoint("last");
  return new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}

/** What the log says of the layers, by step from 1. */
function effectiveRatesOf(run: RunReader): Map<unknown, Layers> {
  const lines = run.readMetrics().filter(({ type }) => type === "layers");
  return new Map(lines.map(({ step, layers }) => [step, layers as Layers]));
}

type Layers = Readonly<Record<string, { readonly effectiveRate?: Spread } | undefined>>;
