import type { RunConfigInput } from "../train/index.js";
import { accuracyFindings, failureFindings } from "./accuracy-findings.js";
import type { Experiment, ExperimentChoice } from "./experiment.js";
import { type ImagePreset, imagenetPreset, imageRuns } from "./image-plan.js";

const presets: Readonly<Record<ExperimentChoice["preset"], ImagePreset>> = {
  /**
   * Nothing bounds what residual blocks without normalized activations add up to: their loss starts at about 15, and one
   * seed in five ended at chance before gradients were clipped. They are, in all runs alike.
   */
  laptop: {
    model: "resnet20",
    width: 0.5,
    images: 4000,
    validation: 1000,
    batch: 64,
    epochs: 6,
    drops: [0.5, 5 / 6],
    learningRate: 0.05,
    weightDecay: 5e-4,
    clipNorm: 1,
  },
  paper: { ...imagenetPreset("resnet50"), learningRate: 0.05, clipNorm: 1 },
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
    const run = imageRuns(presets[choice.preset], choice, seed);
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

  findings: (runs) => [...accuracyFindings(runs, "batch-norm"), ...failureFindings(runs)],
};
