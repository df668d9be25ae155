import { parseRunConfig, type RunConfigInput } from "../train/index.js";
import { accuracyFindings } from "./accuracy-findings.js";
import type { Experiment, ExperimentChoice, PlannedRun } from "./experiment.js";

interface Preset {
  readonly model: string;
  readonly width: number;
  readonly epochs: number;
  readonly drops: readonly number[];
  readonly images?: number;
  readonly validation: number;
  readonly batch: number;
  readonly measureEvery: number;
}

const presets: Readonly<Record<ExperimentChoice["preset"], Preset>> = {
  laptop: {
    model: "vgg11",
    width: 0.25,
    epochs: 10,
    drops: [0.5, 0.8],
    images: 6400,
    validation: 1000,
    batch: 128,
    measureEvery: 10,
  },
  /** ResNet-18 on ImageNet: 90 epochs, batch 256, rate 0.1 dropped at 30, 60 and 80 (He et al. 2016, the paper's base). */
  paper: {
    model: "resnet18",
    width: 1,
    epochs: 90,
    drops: [1 / 3, 2 / 3, 8 / 9],
    validation: 0.02,
    batch: 256,
    measureEvery: 100,
  },
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
    const preset = presets[choice.preset];
    const epochs = choice.epochs ?? preset.epochs;
    const images = choice.images ?? preset.images;
    const base: RunConfigInput = {
      model: preset.model,
      width: preset.width,
      data: choice.data,
      ...(images === undefined ? {} : { images }),
      validation: preset.validation,
      epochs,
      batch: preset.batch,
      learningRate: 0.1,
      schedule: `steps:${preset.drops.map((part) => `${part * epochs}e`).join(",")}`,
      momentum: 0.9,
      weightDecay: choice.preset === "paper" ? 1e-4 : 5e-4,
      measureEvery: preset.measureEvery,
      seed,
      threads: choice.threads,
    };
    const run = (name: string, label: string, description: string, norm: RunConfigInput["norm"]): PlannedRun => ({
      name,
      label,
      description,
      config: parseRunConfig({ ...base, norm }),
    });
    return [
      run("l2", "L2", "Ordinary batch-norm: the root of the mean square.", { metric: "l2" }),
      run("l1", "L1", "The mean magnitude, times √(π/2).", { metric: "l1" }),
      run("top10", "Top10", "The mean of the ten largest magnitudes, times the paper's constant.", { metric: "top10" }),
      run("linf", "L∞", "The largest magnitude, times the paper's constant.", { metric: "linf" }),
      run("l1-times-4", "L1, constant × 4", "L1 with a constant that is four times too large.", {
        metric: "l1",
        constant: 4 * rightConstant,
      }),
      run("l1-quarter", "L1, constant × ¼", "L1 with a constant that is four times too small.", {
        metric: "l1",
        constant: rightConstant / 4,
      }),
    ];
  },

  findings: (runs) => accuracyFindings(runs, "l2"),
};
