import { accuracyFindings, failureFindings } from "./accuracy-findings.js";
import type { Experiment, ExperimentChoice } from "./experiment.js";
import { type ImagePreset, imagenetPreset, imageRuns } from "./image-plan.js";

const presets: Readonly<Record<ExperimentChoice["preset"], ImagePreset>> = {
  laptop: {
    model: "vgg11",
    width: 0.25,
    images: 6400,
    validation: 1000,
    batch: 128,
    epochs: 10,
    drops: [0.5, 0.8],
    learningRate: 0.1,
    weightDecay: 5e-4,
  },
  paper: imagenetPreset("resnet18"),
};

const rightConstant = Math.sqrt(Math.PI / 2);

/** Section 3 of Hoffer et al. 2018: batch-norm in other metrics, and what the metric's constant is good for. */
export const metrics: Experiment = {
  name: "metrics",
  title: "Batch-norm in other metrics",
  subtitle: "One network, batches and initial weights alike; only what measures the scale of a channel differs",
  idea:
    "Batch-norm divides by the standard deviation, a root of a mean of squares. Any estimate of the scale could take its " +
    "place: the mean magnitude (L1), the largest magnitude (L∞), the mean of the ten largest (Top10). A constant makes " +
    "each of them the standard deviation of Gaussian values; with a wrong one, all activations are too large or too small.",
  source: {
    label: "Hoffer, Banner, Golan, Soudry 2018, “Norm matters”, section 3",
    url: "https://arxiv.org/abs/1803.01814",
  },

  plan(choice, seed) {
    const run = imageRuns(presets[choice.preset], choice, seed);
    return [
      run("l2", "L2", "Ordinary batch-norm: the root of the mean square.", { norm: { metric: "l2" } }),
      run("l1", "L1", "The mean magnitude, times √(π/2).", { norm: { metric: "l1" } }),
      run("top10", "Top10", "The mean of the ten largest magnitudes, times the paper's constant.", {
        norm: { metric: "top10" },
      }),
      run("linf", "L∞", "The largest magnitude, times the paper's constant.", { norm: { metric: "linf" } }),
      run("l1-times-4", "L1, constant × 4", "L1 with a constant that is four times too large.", {
        norm: { metric: "l1", constant: 4 * rightConstant },
      }),
      run("l1-quarter", "L1, constant × ¼", "L1 with a constant that is four times too small.", {
        norm: { metric: "l1", constant: rightConstant / 4 },
      }),
    ];
  },

  findings: (runs) => [...accuracyFindings(runs, "l2"), ...failureFindings(runs)],
};
