import { parseRunConfig, type RunConfigInput } from "../train/index.js";
import { accuracyFindings } from "./accuracy-findings.js";
import type { Experiment, ExperimentChoice, PlannedRun } from "./experiment.js";

interface Preset extends Pick<RunConfigInput, "model" | "width" | "images" | "validation" | "batch"> {
  readonly epochs: number;
  readonly drops: readonly number[];
  /** λ of what is trained with it: everything with batch-norm, all but the stored v of weight norms otherwise. */
  readonly weightDecay: number;
}

const presets: Readonly<Record<ExperimentChoice["preset"], Preset>> = {
  laptop: {
    model: "resnet20",
    width: 0.5,
    images: 4000,
    validation: 1000,
    batch: 64,
    epochs: 6,
    drops: [0.5, 5 / 6],
    weightDecay: 5e-4,
  },
  /** ResNet-50 on ImageNet, as the paper's figure. */
  paper: {
    model: "resnet50",
    width: 1,
    validation: 0.02,
    batch: 256,
    epochs: 90,
    drops: [1 / 3, 2 / 3, 8 / 9],
    weightDecay: 1e-4,
  },
};

/** Section 4 of Hoffer et al. 2018: normalizing the weights in place of the activations, with the norm kept fixed. */
export const boundedWeightNorms: Experiment = {
  name: "bounded-weight-norm",
  title: "Bounded weight normalization",
  subtitle: "A residual network with batch-norm, and with normalized weights in its place",
  idea:
    "Batch-norm makes the norm of a weight irrelevant by normalizing what comes out of it. Weight norm normalizes the " +
    "weight itself, w = g v/‖v‖, and learns its magnitude g; bounded weight norm keeps the magnitude where it began, so " +
    "that only directions are learned. Behind each normalized weight the mean over the batch is still subtracted, as in " +
    "the published code of both.",
  source: {
    label: "Hoffer, Banner, Golan, Soudry 2018, “Norm matters”, section 4",
    url: "https://arxiv.org/abs/1803.01814",
  },

  plan(choice, seed) {
    const { epochs: presetEpochs, drops, images: presetImages, ...preset } = presets[choice.preset];
    const epochs = choice.epochs ?? presetEpochs;
    const images = choice.images ?? presetImages;
    const base: RunConfigInput = {
      ...preset,
      data: choice.data,
      ...(images === undefined ? {} : { images }),
      epochs,
      learningRate: 0.05,
      schedule: `steps:${drops.map((part) => `${part * epochs}e`).join(",")}`,
      seed,
      threads: choice.threads,
    };
    const run = (name: string, label: string, description: string, changes: Partial<RunConfigInput>): PlannedRun => ({
      name,
      label,
      description,
      config: parseRunConfig({ ...base, ...changes }),
    });
    const normalized = (weightNorm: RunConfigInput["weightNorm"]): Partial<RunConfigInput> => ({
      norm: { kind: "mean-only" },
      branchScale: "none",
      weightNorm,
    });
    return [
      run("batch-norm", "batch-norm", "Batch-norm behind every convolution.", {}),
      run(
        "weight-norm",
        "weight norm",
        "w = g v/‖v‖ with a learned g for each channel.",
        normalized({ kind: "weight" }),
      ),
      run("bounded-l2", "bounded, L2", "w = ρ v/‖v‖₂ with ρ = ‖V₀‖/√N.", normalized({ kind: "bounded" })),
      run(
        "bounded-l1",
        "bounded, L1",
        "The same with the L1 norm and its constant.",
        normalized({ kind: "bounded", metric: "l1" }),
      ),
      run(
        "bounded-linf",
        "bounded, L∞",
        "The same with the L∞ norm and its constant.",
        normalized({ kind: "bounded", metric: "linf" }),
      ),
    ];
  },

  findings: (runs) => accuracyFindings(runs, "batch-norm"),
};
