import { parseRunConfig, type RunConfigInput } from "../train/index.js";
import type { ExperimentChoice, PlannedRun } from "./experiment.js";

/** What all trainings of an experiment on images share. */
export interface ImagePreset
  extends Pick<
    RunConfigInput,
    "model" | "width" | "images" | "validation" | "batch" | "learningRate" | "weightDecay" | "clipNorm" | "measureEvery"
  > {
  readonly epochs: number;
  /** Where the rate drops by 10, in parts of the whole; empty: it is constant. */
  readonly drops: readonly number[];
}

/** ImageNet as the paper's base setting has it (He et al. 2016): 90 epochs, rate 0.1 dropped at 30, 60 and 80. */
export const imagenetPreset = (model: string): ImagePreset => ({
  model,
  width: 1,
  validation: 0.02,
  batch: 256,
  epochs: 90,
  drops: [1 / 3, 2 / 3, 8 / 9],
  learningRate: 0.1,
  weightDecay: 1e-4,
  measureEvery: 100,
});

/** Makes the runs of one seed, which differ from the preset in what they are given. */
export function imageRuns(preset: ImagePreset, choice: ExperimentChoice, seed: number) {
  const { drops, ...fields } = preset;
  const epochs = choice.epochs ?? preset.epochs;
  const base: RunConfigInput = {
    ...fields,
    ...(choice.images === undefined ? {} : { images: choice.images }),
    data: choice.data,
    epochs,
    schedule:
      drops.length === 0
        ? "constant"
        : `steps:${drops.map((part) => `${Number((part * epochs).toPrecision(12))}e`).join(",")}`,
    seed,
    threads: choice.threads,
    ...(choice.lowering === undefined ? {} : { lowering: choice.lowering }),
  };
  return (name: string, label: string, description: string, changes: Partial<RunConfigInput>): PlannedRun => ({
    name,
    label,
    description,
    config: parseRunConfig({ ...base, ...changes }),
  });
}
