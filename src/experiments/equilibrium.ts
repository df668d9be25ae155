import { sizeOf } from "../core/index.js";
import type { ReportTable } from "../report/index.js";
import { failureFindings } from "./accuracy-findings.js";
import { type EquilibriumNumbers, equilibriumOfLayers, type LayerEquilibrium } from "./equilibrium-layers.js";
import type { Experiment, ExperimentChoice, ExperimentExtras, RecordedRun } from "./experiment.js";
import { type ImagePreset, imageRuns } from "./image-plan.js";

/**
 * Gradients must be mostly noise, nearly independent from step to step: small batches, and steps that turn a channel by
 * 0.023 rad, at which a network does not come to rest. ηλ is 5e-4 and 5e-3, for relaxation times of 50 and 100 steps.
 */
const presets: Readonly<Record<ExperimentChoice["preset"], ImagePreset>> = {
  laptop: {
    model: "vgg11",
    width: 0.25,
    images: 9500,
    validation: 500,
    batch: 64,
    epochs: 10,
    drops: [],
    learningRate: 0.05,
    weightDecay: 5e-4,
    measureEvery: 5,
  },
  paper: {
    model: "vgg11",
    width: 1,
    validation: 0.1,
    batch: 64,
    epochs: 20,
    drops: [],
    learningRate: 0.05,
    weightDecay: 5e-4,
    measureEvery: 10,
  },
};

/** The networks; widths are times the preset's. */
const networks = [
  { model: "vgg11", label: "VGG-11", width: 1 },
  { model: "resnet20", label: "ResNet-20", width: 2 },
] as const;

const decays = { sgd: 0.01, adamw: 0.84 } as const;
/** Of AdamW. Its second moments must follow gradients that change as norms settle, so their memory is 100 steps, not 1000. */
const [adamwRate, beta2] = [0.006, 0.99];

/** Prediction and measurement agree if they are no further apart than this. */
const tolerance = 0.1;

/** Where norms and rotations settle under weight decay (Wan et al. 2020, Kosson et al. 2023), and what theory says of it. */
export const equilibrium: Experiment = {
  name: "equilibrium",
  title: "Predicted and measured equilibrium",
  subtitle: "Norms and rotations of the layers of two networks at constant rate, under SGD with momentum and AdamW",
  idea:
    "Noise lengthens a scale-invariant weight, as each step is orthogonal to it; decay shortens it. Where the two balance, " +
    "a channel turns by the same angle in each step whatever the network and its gradients: √(2ηλ/(1 + μ)) under SGD, " +
    "√(2ηλ(1 − β₁)/(1 + β₁)) under AdamW. The norm follows from the gradient, ‖w‖⁴ = ηE‖g̃‖²/(2λ(1 − μ)), or in AdamW from " +
    "the number of weights C in a channel alone, ‖w‖² = ηC/(2λ).",
  source: {
    label: "Kosson, Messmer, Jaggi 2023, “Rotational Equilibrium”",
    url: "https://arxiv.org/abs/2305.17212",
  },

  plan(choice, seed) {
    const preset = presets[choice.preset];
    const planned = imageRuns(preset, choice, seed);
    return networks.flatMap(({ model, label, width }) => {
      const shared = { model, width: (preset.width ?? 1) * width, measureGradients: true };
      return [
        planned(`${model}-sgd`, `${label}, SGD`, `η = ${preset.learningRate}, λ = ${decays.sgd}, μ = 0.9.`, {
          ...shared,
          groups: [{ match: "scale-invariant", weightDecay: decays.sgd }],
        }),
        planned(`${model}-adamw`, `${label}, AdamW`, `η = ${adamwRate}, λ = ${decays.adamw}, β 0.9 and ${beta2}.`, {
          ...shared,
          optimizer: "adamw",
          learningRate: adamwRate,
          beta2,
          groups: [{ match: "scale-invariant", weightDecay: decays.adamw }],
        }),
      ];
    });
  },

  findings: failureFindings,

  async extras(_, runs) {
    const results = runs.filter(({ failure }) => failure === undefined).map(compared);
    return {
      tables: results.map(tableOf),
      findings: results.flatMap(findingsOf),
      summary: {
        equilibrium: results.map(({ run, layers, from }) => ({ name: run.run.name, seed: run.seed, from, layers })),
      },
    } satisfies ExperimentExtras;
  },
};

interface Compared {
  readonly run: RecordedRun;
  /** The first step that was counted, from 1, and the last. */
  readonly from: number;
  readonly to: number;
  readonly layers: readonly LayerEquilibrium[];
}

/** Of the second half of a run, in which its norms have settled. */
function compared(run: RecordedRun): Compared {
  const { config } = run.run;
  const norms = run.norms();
  const to = norms.steps.at(-1) ?? 0;
  const from = Math.floor(to / 2) + 1;
  const numbers: EquilibriumNumbers = {
    ...config,
    optimizer: config.optimizer as EquilibriumNumbers["optimizer"],
    rate: config.learningRate,
    weightDecay: config.groups[0]!.weightDecay!,
  };
  const sizes = new Map(Object.entries(run.weights()).map(([name, { shape }]) => [name, sizeOf(shape.slice(1))]));
  return { run, from, to, layers: equilibriumOfLayers(numbers, norms, sizes, from) };
}

const agrees = ({ rotation, norm }: LayerEquilibrium): boolean =>
  Math.abs(rotation.ratio - 1) <= tolerance && Math.abs(norm.ratio - 1) <= tolerance;

function tableOf({ run, from, to, layers }: Compared): ReportTable {
  const angle = (radians: number): string => radians.toFixed(5);
  return {
    title: `${run.run.label}, seed ${run.seed}: equilibrium of each layer`,
    text:
      `Over the measured ones of steps ${from} to ${to}. Rotation: root mean square over channels and steps, radians per ` +
      "step. Norm: of a channel, medians. C: weights in a channel. Steps: how long they are over those of independent gradients.",
    head: [
      "layer",
      "C",
      ...["rotation", "norm"].flatMap((what) => [`${what}, predicted`, "measured", "ratio"]),
      "steps",
    ],
    rows: layers.map(({ layer, size, rotation, norm, stepRatio }) => [
      layer,
      String(size),
      angle(rotation.predicted),
      angle(rotation.measured),
      rotation.ratio.toFixed(3),
      norm.predicted.toFixed(3),
      norm.measured.toFixed(3),
      norm.ratio.toFixed(3),
      stepRatio.toFixed(3),
    ]),
  };
}

function findingsOf({ run, from, layers }: Compared): string[] {
  const name = `${run.run.label}, seed ${run.seed}`;
  const within = layers.filter(agrees);
  const ratios = (of: (layer: LayerEquilibrium) => number): string => {
    const values = layers.map(of);
    return `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
  };
  const times = (from - 1) / (layers[0]?.relaxationSteps ?? 1);
  return [
    `${name}: after ${times.toFixed(0)} relaxation times, rotation and norm are within 10% of the prediction in ` +
      `${within.length} of ${layers.length} layers; measured over predicted ${ratios(({ rotation }) => rotation.ratio)} ` +
      `(rotation), ${ratios(({ norm }) => norm.ratio)} (norm).`,
    ...layers.filter((layer) => !agrees(layer)).map((layer) => `${name}, ${layer.layer}: ${reasonOf(layer)}.`),
  ];
}

/** What of the theory's assumptions does not hold in a layer, as far as its numbers tell. */
function reasonOf({ rotation, norm, stepRatio, size, deadChannels }: LayerEquilibrium): string {
  const off = `rotation ${rotation.ratio.toFixed(2)}, norm ${norm.ratio.toFixed(2)} of the prediction`;
  const reasons = [
    ...(size < 30 ? [`a channel has ${size} weights only, whose gradients are not independent of each other`] : []),
    ...(stepRatio < 0.95
      ? [
          `steps are ${stepRatio.toFixed(2)} times as long as predicted: rare large gradients, or gradients that undo the ones before`,
        ]
      : []),
    ...(stepRatio > 1.05
      ? [`steps are ${stepRatio.toFixed(2)} times as long as predicted: gradients that repeat the ones before`]
      : []),
    ...(deadChannels > 0 ? [`${deadChannels} channels have no gradient`] : []),
  ];
  return `${off}; ${reasons.length > 0 ? reasons.join(", and ") : "steps are as long as predicted, but add up otherwise than independent ones"}`;
}
