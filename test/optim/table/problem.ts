import { type Tensor, tensor, zeros } from "../../../src/core/index.js";
import { type Precision, type Runtime, square, sub } from "../../../src/graph/index.js";
import { linear, mean, sequential, tanh } from "../../../src/nn/index.js";
import { batchNorm, layerNorm } from "../../../src/norm/index.js";
import type { GroupRule, Optimizer } from "../../../src/optim/index.js";
import { type Objective, trainingEngine } from "../../../src/train/index.js";

// The problem of test/goldens/optim/norm-aware.py: a weight that is scale-invariant, by channel or as a whole, and others.

export type Behind = "batch" | "layer";
export const [steps, rows, inputs, hidden, outputs] = [20, 8, 3, 4, 2];

export const waves = (phase: number, ...shape: number[]): Tensor<"float64"> => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => 2 * Math.sin(phase + 1.7 * i)),
    shape,
    "float64",
  );
};

const mapped = ({ data, ...rest }: Tensor<"float64">, map: (x: number) => number): Tensor<"float64"> => ({
  ...rest,
  data: data.map(map),
});

/** The golden problem's first values. */
export const start = (): Record<string, Tensor<"float64">> => ({
  "0.weight": waves(0.1, hidden, inputs),
  "1.weight": mapped(waves(0.2, hidden), (x) => 1 + x / 4),
  "1.bias": mapped(waves(0.3, hidden), (x) => x / 4),
  "3.weight": waves(0.4, outputs, hidden),
  "3.bias": waves(0.5, outputs),
});

/** mean((tanh(norm(x Uᵀ)) Vᵀ + b − y)²). */
export function problem(behind: Behind, epsilon = 1e-5): Objective {
  const norm = behind === "batch" ? batchNorm({ epsilon }) : layerNorm({ epsilon });
  const network = sequential(linear(hidden, { bias: false }), norm, tanh(), linear(outputs));
  return {
    apply(scope) {
      const { graph } = scope;
      const predicted = network.apply(graph.input("x", [rows, inputs]), scope);
      return { loss: mean(square(sub(predicted, graph.input("y", [rows, outputs])))), counts: {} };
    },
  };
}

/** How {@link trained} trains. */
export interface Training {
  readonly runtime: Runtime;
  readonly optimizer: Optimizer;
  readonly behind: Behind;
  readonly epsilon?: number;
  readonly groups?: readonly GroupRule[];
  readonly from?: Record<string, Tensor>;
  readonly precision?: Precision;
  /** Steps taken, the first of which is step `first`; {@link steps} and 0 by default. */
  readonly count?: number;
  readonly first?: number;
  /** The rate of a step, from 1; 0.1 / step by default. */
  readonly rate?: (step: number) => number;
}

/** The whole state after each step. */
export async function trained(training: Training): Promise<Readonly<Record<string, Tensor>>[]> {
  const { runtime, optimizer, behind, epsilon, groups, from = start(), precision, count = steps, first = 0 } = training;
  const rate = training.rate ?? ((step: number) => 0.1 / step);
  const state = await runtime.createState({});
  const engine = trainingEngine(runtime, state, {
    objective: problem(behind, epsilon),
    shape: [rows],
    optimizer,
    ...(groups ? { groups } : {}),
    ...(precision ? { precision, lossScale: 128 } : {}),
  });
  const buffers = engine.step.buffers.map(({ name, value: { shape } }): [string, Tensor] => [name, zeros(shape)]);
  const slots = engine.step.slots.map(({ name, shape }): [string, Tensor] => [name, zeros(shape)]);
  await state.write({ ...Object.fromEntries([...buffers, ...slots]), ...from });
  const after = [];
  for (let step = first + 1; step <= first + count; step++) {
    const feeds = { x: waves(step + 0.3, rows, inputs), y: waves(step + 0.4, rows, outputs) };
    await engine.take(step - 1, rate(step), { shape: [rows], feeds, items: rows }, false);
    after.push(await state.read());
  }
  await engine.close();
  await state.close();
  return after;
}

/** The vectors of the scale-invariant weight: its rows behind a batch-norm, all of it behind a layer-norm. */
export function vectors(behind: Behind, weight: Tensor): number[][] {
  const values = Array.from(weight.data, Number);
  if (behind === "layer") return [values];
  return Array.from({ length: hidden }, (_, row) => values.slice(row * inputs, (row + 1) * inputs));
}
