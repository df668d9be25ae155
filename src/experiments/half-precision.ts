import type { Runtime } from "../graph/index.js";
import type { RunConfigInput } from "../train/index.js";
import { accuracyFindings, failureFindings } from "./accuracy-findings.js";
import type { Experiment, ExperimentChoice, ExperimentExtras, FinishedRun, PlannedRun } from "./experiment.js";
import { halfPrecisionMap, type PrecisionRow, workingRange } from "./half-precision-map.js";
import { type ImagePreset, imagenetPreset, imageRuns } from "./image-plan.js";

const presets: Readonly<Record<ExperimentChoice["preset"], ImagePreset & { readonly weightDecay: number }>> = {
  laptop: {
    model: "vgg11",
    width: 0.25,
    images: 3200,
    validation: 1000,
    batch: 128,
    epochs: 6,
    drops: [2 / 3, 5 / 6],
    learningRate: 0.05,
    weightDecay: 0,
  },
  paper: { ...imagenetPreset("resnet18"), weightDecay: 1e-4 },
};

/** Multiplies the weights before a batch-norm: the same network and training, but for the size of what it normalizes. */
const large = 128;

/** Section 3.3 of Hoffer et al. 2018: which batch-norms can be computed in half precision. */
export const halfPrecision: Experiment = {
  name: "half-precision",
  title: "Batch-norm in half precision",
  subtitle: "Values stored in float16, sums taken in float16 too, and the sizes of values that each metric bears",
  idea:
    "Float16 holds numbers from 6·10⁻⁸ to 65504. A variance is a mean of squares, so that it leaves this range when the " +
    "values are only the root of it away from 1; a mean of magnitudes has the whole range. What fails first depends on how " +
    "sums are taken: added up and divided by n at the end, divided after each block, or each term divided beforehand. The " +
    "norm of a weight before a batch-norm changes nothing in exact arithmetic, but it sets the size of what is normalized.",
  source: {
    label: "Hoffer, Banner, Golan, Soudry 2018, “Norm matters”, section 3.3",
    url: "https://arxiv.org/abs/1803.01814",
  },

  plan(choice, seed) {
    const preset = presets[choice.preset];
    const planned = imageRuns(preset, choice, seed);
    const half = (normAccumulator: RunConfigInput["normAccumulator"]): Partial<RunConfigInput> => ({
      precision: "fp16",
      lossScale: "dynamic",
      normAccumulator,
    });
    // η and λ follow ‖w‖², so that the directions turn as they do in the other runs.
    const largeWeights: Partial<RunConfigInput> = {
      weightScale: large,
      groups: [{ match: "scale-invariant", rateFactor: large ** 2, weightDecay: preset.weightDecay / large ** 2 }],
    };
    const run = (metric: string, kind: string, description: string, changes: Partial<RunConfigInput>): PlannedRun =>
      planned(`${metric}-${kind.replaceAll(" ", "-")}`, `${labels[metric]}, ${kind}`, description, {
        ...changes,
        norm: { metric },
      });
    return [
      ...Object.keys(labels).map((metric) => run(metric, "fp32", "Float32 throughout.", {})),
      ...Object.keys(labels).map((metric) =>
        run(metric, "fp16", "Float16, sums as block means.", half("fp16-block-mean")),
      ),
      ...Object.keys(labels).map((metric) =>
        run(metric, "fp16 large weights", `Likewise, with weights ${large} times as large before each batch-norm.`, {
          ...half("fp16-block-mean"),
          ...largeWeights,
        }),
      ),
      ...["l2", "l1"].map((metric) =>
        run(metric, "fp16 plain sums", "Float16, sums added up in float16 and then divided by n.", half("fp16-sum")),
      ),
    ];
  },

  findings: (runs) => [
    ...Object.keys(labels).flatMap((metric) => {
      const own = runs.filter(({ run }) => run.config.norm.metric === metric);
      return [...accuracyFindings(own, `${metric}-fp32`), ...overflowFindings(own)];
    }),
    ...failureFindings(runs),
  ],
  extras: precisionExtras,
};

const labels: Readonly<Record<string, string>> = { l2: "L2", l1: "L1", top10: "Top10" };

const accumulatorText: Readonly<Record<PrecisionRow["accumulator"], string>> = {
  fp32: "sums in float32",
  "fp16-sum": "sums in float16, divided by n at the end",
  "fp16-block-mean": "float16, divided after each block of 32",
  "fp16-mean-first": "float16, each term divided by n first",
};

/** In which runs the batch statistics left float16, and where first. */
function overflowFindings(runs: readonly FinishedRun[]): string[] {
  return runs.flatMap(({ run, seed, epochs }) => {
    const { overflowStatistics = 0, firstOverflowStatistic: first } = epochs.at(-1) ?? {};
    if (overflowStatistics === 0 || !first) return [];
    const where = `first at step ${first.step}, in ${first.layer}`;
    return [`${run.label}, seed ${seed}: batch statistics were not finite ${overflowStatistics} times, ${where}.`];
  });
}

async function precisionExtras(runtime: Runtime): Promise<ExperimentExtras> {
  const count = 131072;
  const map = await halfPrecisionMap(runtime, { count });
  const rows = map.map((row) => {
    const range = workingRange(row);
    return [
      `${labels[row.metric]}, ${accumulatorText[row.accumulator]}`,
      range ? `2^${range[0]}` : "none",
      range ? `2^${range[1]}` : "none",
    ];
  });
  return {
    tables: [
      {
        title: "The σ that each batch-norm can measure",
        text:
          `Gaussian values stored in float16, ${count} of them for each statistic: the powers of two, in a row around 1, ` +
          "at which the measured σ is right to 5%. Float16 itself holds such values up to σ of about 2^13.",
        head: ["metric and sums", "smallest σ", "largest σ"],
        rows,
      },
    ],
    findings: [],
    summary: { count, map },
  };
}
