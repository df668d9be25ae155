import { median } from "../optim/index.js";
import type { RecordedNorms } from "./experiment.js";

/** What became of the norms and rotations of a network's scale-invariant weights. */
export interface NormCourse {
  /** Geometric mean over layers: the median channel's norm over its first, where the rate first falls, and at the end. */
  readonly normBefore: number;
  readonly normAtEnd: number;
  /** Root mean square over layers and steps of the median channel's rotation, radians per step. */
  readonly rotationBefore: number;
  readonly rotationAtEnd: number;
}

/** Of recorded norms; rotations are those of the last quarter of the steps before `drop` (counted from 1), and of all. */
export function normCourse({ steps, at }: RecordedNorms, drop: number): NormCourse {
  const last = steps.at(-1)!;
  const before = steps.filter((step) => step <= drop);
  const first = normsAt(steps[0]!);
  const growth = (step: number): number => {
    const logs = [...normsAt(step)].map(([layer, norm]) => Math.log(norm / first.get(layer)!));
    return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  };
  return {
    normBefore: growth(before.at(-1)!),
    normAtEnd: growth(last),
    rotationBefore: rotation(before.filter((step) => step > 0.75 * drop)),
    rotationAtEnd: rotation(steps.filter((step) => step > 0.75 * last)),
  };

  function normsAt(step: number): Map<string, number> {
    return new Map([...at(step)].map(([layer, { norm }]) => [layer, median(Float64Array.from(norm))]));
  }

  function rotation(over: readonly number[]): number {
    const all = over.flatMap((step) =>
      [...at(step).values()].map((row) => median(Float64Array.from(row.rotation)) ** 2),
    );
    return Math.sqrt(all.reduce((sum, square) => sum + square, 0) / all.length);
  }
}
