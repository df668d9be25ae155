import { expectation, NonFiniteError, RunError, type Tensor } from "../core/index.js";
import { initialState } from "./initial-state.js";
import type { Checkpoint } from "./records.js";
import type { TrainingStep } from "./training-step.js";

/**
 * A step with a finite loss may still end in weights that are not; they must not replace a good checkpoint.
 * @throws NonFiniteError naming the tensor.
 */
export function requireFinite(tensors: Checkpoint["tensors"], steps: number): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    const values = data as Float32Array;
    if (values.every(Number.isFinite)) continue;
    const got = `${values.find((value) => !Number.isFinite(value))} in ${name} after step ${steps - 1}`;
    const fix = "the checkpoint before is kept; try a lower learning rate";
    throw new NonFiniteError(expectation("train", "finite weights", got, fix), steps - 1, name);
  }
}

/**
 * A checkpoint's tensors, if they are the ones that this training keeps.
 * @throws RunError naming a tensor that is missing or has another shape.
 */
export function fitting({ tensors }: Checkpoint, step: TrainingStep): Readonly<Record<string, Tensor>> {
  const wanted = initialState(step, 0);
  for (const [name, { shape }] of Object.entries(wanted)) {
    const got = tensors[name];
    if (got?.shape.join() !== shape.join()) {
      throw new RunError(
        expectation(
          "resume",
          `a checkpoint with ${name} of shape [${shape}]`,
          got ? `[${got.shape}]` : "none",
          "it is of another model or optimizer; resume with the options of its own run",
        ),
      );
    }
  }
  return tensors;
}
