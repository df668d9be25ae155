import type { RunConfig, RunConfigInput } from "../train/index.js";
import type { Experiment, ExperimentChoice } from "./experiment.js";
import { imageRuns } from "./image-plan.js";
import { weightDecayFindings } from "./weight-decay-findings.js";

interface Preset {
  readonly epochs: number;
  /** Where the rate drops by 10, in parts of the whole. */
  readonly drops: readonly number[];
  readonly width: number;
  readonly images?: number;
  readonly validation: number;
  readonly learningRate: number;
  /** λ of the scale-invariant weights when it is on, and of everything else. */
  readonly weightDecay: number;
  readonly otherDecay: number;
  /** What decays, for readers: with decay on, and what no longer does with it off. */
  readonly decaying: readonly [on: string, off: string];
  readonly withDecay: NonNullable<RunConfigInput["groups"]>;
  readonly withoutDecay: NonNullable<RunConfigInput["groups"]>;
  readonly granularity: "step" | "epoch";
}

const presets: Readonly<Record<ExperimentChoice["preset"], Preset>> = {
  /**
   * A short training has few steps for the decay to act in, so ηλ is ten times the paper's. The rate is low: without
   * decay, the effective rate then stays below what trains best, which is what decay is good for. Only the
   * scale-invariant weights differ between the runs.
   */
  laptop: {
    epochs: 12,
    drops: [0.5, 0.75],
    width: 0.25,
    images: 6400,
    validation: 1000,
    learningRate: 0.02,
    weightDecay: 0.025,
    otherDecay: 5e-4,
    decaying: ["the scale-invariant weights", "the scale-invariant weights"],
    withDecay: [{ match: "scale-invariant", weightDecay: 0.025 }],
    withoutDecay: [{ match: "scale-invariant", weightDecay: 0 }],
    granularity: "step",
  },
  /** The paper's setting, and its grouping: without decay, only the last layer keeps it. */
  paper: {
    epochs: 80,
    drops: [0.25, 0.5, 0.75],
    width: 1,
    validation: 0.1,
    learningRate: 0.1,
    weightDecay: 5e-4,
    otherDecay: 5e-4,
    decaying: ["all parameters", "all parameters but the last layer's"],
    withDecay: [],
    withoutDecay: [{ match: "last-layer" }, { match: "all", weightDecay: 0 }],
    granularity: "epoch",
  },
};

/**
 * Section 2 of Hoffer et al. 2018: weight decay acts through the norms of scale-invariant weights only, so the same
 * training is had without it by controlling the effective step size.
 */
export const weightDecay: Experiment = {
  name: "weight-decay",
  title: "Weight decay, replaced",
  subtitle: "One training with weight decay, and four without it on the batch-normalized weights",
  idea:
    "Behind a batch-norm the norm of a weight does not matter, only its direction; a step of size η turns it by " +
    "η/‖w‖² times the gradient at unit norm. Weight decay shrinks the norm, and so acts as a larger step size and as " +
    "nothing else. Taking the decay away slows the directions down; giving the lost step size back restores the training.",
  source: {
    label: "Hoffer, Banner, Golan, Soudry 2018, “Norm matters”, section 2",
    url: "https://arxiv.org/abs/1803.01814",
  },

  plan(choice, seed, folderOf) {
    const preset = presets[choice.preset];
    const { epochs, drops, width, images, validation, learningRate, otherDecay } = preset;
    const reference = folderOf("decay-on");
    const shared = {
      model: "vgg11",
      batch: 128,
      epochs,
      drops,
      width,
      validation,
      learningRate,
      weightDecay: otherDecay,
    };
    const run = imageRuns({ ...shared, ...(images === undefined ? {} : { images }) }, choice, seed);
    const off: Partial<RunConfigInput> = { groups: preset.withoutDecay, compareWith: reference };
    const controlled = (control: RunConfig["control"]): Partial<RunConfigInput> => ({ ...off, control });

    return [
      run(
        "decay-on",
        "decay on",
        `SGD with momentum, and weight decay ${preset.weightDecay} on ${preset.decaying[0]}.`,
        { groups: preset.withDecay, measureEvery: 1, snapshots: true },
      ),
      run(
        "decay-off",
        "decay off",
        `The same without decay on ${preset.decaying[1]}: the norms of scale-invariant weights only grow.`,
        off,
      ),
      run(
        "paper-correction",
        "off + paper's correction",
        "No decay; each channel's rate is η‖w‖²/‖w_WD‖², w_WD being that channel in the recorded run with decay.",
        controlled({
          kind: "paper-correction",
          reference,
          cap: 100,
          granularity: preset.granularity,
        }),
      ),
      run(
        "exact-schedule",
        "off + exact schedule",
        "No decay; one learning-rate schedule for all scale-invariant weights, computed beforehand from η, λ and μ. " +
          "It needs no recorded norms and is the same training but for rounding.",
        controlled({
          kind: "exact-schedule",
          fromWeightDecay: preset.weightDecay,
          toWeightDecay: 0,
          followEpsilon: true,
        }),
      ),
      run(
        "norm-schedule",
        "off + norm schedule",
        "No decay and a constant rate; the weights are rescaled before each step so that η/‖w‖² follows the recorded run.",
        controlled({ kind: "norm-schedule", reference, cap: 100, granularity: "step" }),
      ),
    ];
  },

  findings: weightDecayFindings,
};
