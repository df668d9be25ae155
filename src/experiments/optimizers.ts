import type { ReportTable } from "../report/index.js";
import type { RunConfigInput } from "../train/index.js";
import { accuracyFindings, failureFindings } from "./accuracy-findings.js";
import type { Experiment, ExperimentChoice, ExperimentExtras, RecordedRun } from "./experiment.js";
import { type ImagePreset, imagenetPreset, imageRuns } from "./image-plan.js";
import { type NormCourse, normCourse } from "./norm-course.js";

interface Preset extends ImagePreset {
  readonly learningRate: number;
  /** Of AdamW and its kin. */
  readonly adamRate: number;
  /** λ of the scale-invariant weights, in SGD and its kin, and in AdamW and its kin. */
  readonly decay: number;
  readonly adamDecay: number;
  readonly clipAdaptive: number;
}

const presets: Readonly<Record<ExperimentChoice["preset"], Preset>> = {
  /** Norms must come near their equilibrium in half of a short training, so ηλ is ten times that of usual ones. */
  laptop: {
    model: "vgg11",
    width: 0.25,
    images: 6400,
    validation: 1000,
    batch: 64,
    epochs: 6,
    drops: [0.5, 0.75],
    learningRate: 0.02,
    weightDecay: 5e-4,
    adamRate: 0.004,
    decay: 0.025,
    adamDecay: 0.5,
    clipAdaptive: 0.1,
    measureEvery: 5,
  },
  paper: {
    ...imagenetPreset("resnet50"),
    learningRate: 0.1,
    adamRate: 0.001,
    decay: 1e-4,
    adamDecay: 0.1,
    clipAdaptive: 0.16,
  },
};

/** Optimizers that act on norms, beside SGD with decay and AdamW, which do so without saying. */
export const optimizers: Experiment = {
  name: "optimizers",
  title: "Optimizers that act on norms",
  subtitle: "One network, batches and initial weights alike; only what an update does to the norm of a weight differs",
  idea:
    "Weight decay sets the effective step size of scale-invariant weights through their norms. An optimizer may do it " +
    "directly: not lengthen weights by the radial part of momentum (SGDP, AdamP), let decay fall with the rate so that the " +
    "norm stays (SGDC, AdamC), or turn each weight by the angle that decay would come to, at a constant norm (rotational " +
    "variants). Adaptive clipping bounds a gradient by the norm of its weight.",
  source: {
    label: "Kosson, Messmer, Jaggi 2023, “Rotational Equilibrium”; Heo et al. 2021; Defazio 2025; Brock et al. 2021",
    url: "https://arxiv.org/abs/2305.17212",
  },

  plan(choice, seed) {
    const { adamRate, decay, adamDecay, clipAdaptive, ...preset } = presets[choice.preset];
    const run = imageRuns(preset, choice, seed);
    const sgd: Partial<RunConfigInput> = { groups: [{ match: "scale-invariant", weightDecay: decay }] };
    const adam: Partial<RunConfigInput> = {
      learningRate: adamRate,
      groups: [{ match: "scale-invariant", weightDecay: adamDecay }],
    };
    return [
      run("sgd", "SGD", `Momentum 0.9, coupled decay ${decay} on the scale-invariant weights.`, sgd),
      run("sgdp", "SGDP", "No radial steps, and a tenth of the decay.", { ...sgd, optimizer: "sgdp" }),
      run("sgdc", "SGDC", "The decay falls with the rate.", { ...sgd, optimizer: "sgdc" }),
      run("rotational-sgd", "rotational SGD", "Turns by √(2ηλ/(1 + μ)) a step, at constant norms.", {
        ...sgd,
        optimizer: "rotational-sgd",
      }),
      run("sgd-agc", "SGD, clipped adaptively", `Gradients of each unit limited to ${clipAdaptive}‖w‖.`, {
        ...sgd,
        clipAdaptive,
      }),
      run("adamw", "AdamW", `η = ${adamRate}, decoupled decay ${adamDecay} on the scale-invariant weights.`, {
        ...adam,
        optimizer: "adamw",
      }),
      run("adamp", "AdamP", "No radial steps, and a tenth of the decay.", { ...adam, optimizer: "adamp" }),
      run("adamc", "AdamC", "The decay falls with the rate.", { ...adam, optimizer: "adamc" }),
      run("rotational-adamw", "rotational AdamW", "Turns by √(2ηλ(1 − β₁)/(1 + β₁)) a step, at constant norms.", {
        ...adam,
        optimizer: "rotational-adamw",
      }),
    ];
  },

  findings: (runs) => [...accuracyFindings(runs, "sgd"), ...failureFindings(runs)],

  async extras(_, runs) {
    const courses = runs
      .filter(({ failure }) => failure === undefined)
      .map((run) => ({ run, course: normCourse(run.norms(), firstDrop(run)) }));
    return {
      tables: [tableOf(courses)],
      findings: [],
      summary: { norms: courses.map(({ run, course }) => ({ name: run.run.name, seed: run.seed, ...course })) },
    } satisfies ExperimentExtras;
  },
};

/** The step at which the rate falls first. */
function firstDrop({ run: { config }, epochs }: RecordedRun): number {
  const at = /steps:([\d.]+)e/.exec(config.schedule)?.[1];
  return Math.round(Number(at ?? config.epochs) * (epochs[0]?.step ?? 0));
}

/** θ at the rate before its first drop, which the run was made for or should come to; none if it has no decay to speak of. */
function expectedRotation({ run: { config } }: RecordedRun): number {
  const { optimizer, learningRate, momentum, beta1, groups } = config;
  const lambda = groups[0]!.weightDecay!;
  const inertia = optimizer.includes("adam") ? (1 - beta1) / (1 + beta1) : 1 / (1 + momentum);
  return Math.sqrt(2 * learningRate * lambda * inertia);
}

function tableOf(courses: readonly { readonly run: RecordedRun; readonly course: NormCourse }[]): ReportTable {
  return {
    title: "What each optimizer does to norms",
    text:
      "Norms: geometric mean over layers of the median channel's, over what it began with. Rotation: root mean square over layers " +
      "of the median channel's, radians per step, in the last quarter of the steps before the rate first falls, and of " +
      "all. θ: the rotation at which SGD's or AdamW's decay comes to equilibrium at the first rate.",
    head: [
      "",
      "seed",
      "test accuracy",
      "norm before the drop",
      "norm at the end",
      "rotation before",
      "at the end",
      "θ",
    ],
    rows: courses.map(({ run, course }) => [
      run.run.label,
      String(run.seed),
      `${run.testAccuracy!.toFixed(2)}%`,
      `× ${course.normBefore.toFixed(3)}`,
      `× ${course.normAtEnd.toFixed(3)}`,
      course.rotationBefore.toFixed(5),
      course.rotationAtEnd.toFixed(5),
      expectedRotation(run).toFixed(5),
    ]),
  };
}
