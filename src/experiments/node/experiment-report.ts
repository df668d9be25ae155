import { isFullPrecision } from "../../graph/index.js";
import { readRun } from "../../io/files/index.js";
import { median } from "../../optim/index.js";
import type { ExperimentReport, LayerHistory, ReportRun } from "../../report/index.js";
import { type EpochRecord, type LayersRecord, precisionOf, type RunConfig } from "../../train/index.js";
import { type FinishedRun, failureText } from "../experiment.js";

/** A finished run as the report shows it, its curves read from its folder. */
export function reportRun(done: Omit<FinishedRun, "testAccuracy"> & Partial<FinishedRun>, folder: string): ReportRun {
  const { run, seed, epochs, testAccuracy } = done;
  const notes = notesOf(done);
  const validation = epochs.flatMap(({ validationAccuracy }) => validationAccuracy ?? []);
  const cosines = epochs.filter(({ directionCosine }) => directionCosine !== undefined);
  const layers = Object.keys(cosines[0]?.directionCosine ?? {});
  const imagesPerSecond = medianSpeed(epochs);
  return {
    name: run.name,
    label: run.label,
    description: run.description,
    seed,
    ...(testAccuracy === undefined ? {} : { testAccuracy }),
    ...(validation.length === 0 ? {} : { bestValidation: Math.max(...validation) }),
    trainLoss: epochs.map(({ trainLoss }) => trainLoss),
    validationAccuracy: validation,
    validationLoss: epochs.flatMap(({ validationLoss }) => validationLoss ?? []),
    ...(imagesPerSecond === null ? {} : { imagesPerSecond }),
    ...(notes.length === 0 ? {} : { notes }),
    layers: layerHistories(folder),
    ...(layers.length === 0
      ? {}
      : {
          directionCosine: {
            step: cosines.map(({ step }) => step),
            layers: layers.map((layer) => ({
              layer,
              cosine: cosines.map(({ directionCosine }) => directionCosine![layer]!),
            })),
          },
        }),
  };
}

/** What a reader should know of a run beside its numbers. */
function notesOf({ seed, epochs, failure, cappedChannels }: Omit<FinishedRun, "testAccuracy" | "run">): string[] {
  const { overflowSteps = 0, overflowStatistics = 0, firstOverflowStatistic: first } = epochs.at(-1) ?? {};
  return [
    ...(failure ? [`seed ${seed} ${failureText(failure)}`] : []),
    ...(cappedChannels === 0 ? [] : [`${cappedChannels} corrections were capped, counted over channels and steps`]),
    ...(overflowSteps === 0 ? [] : [`seed ${seed}: ${overflowSteps} steps were skipped, as a gradient was not finite`]),
    ...(overflowStatistics === 0
      ? []
      : [
          `seed ${seed}: batch statistics were not finite ${overflowStatistics} times, counted over layers and steps` +
            (first ? `; first at step ${first.step}, ${first.layer}` : ""),
        ]),
  ];
}

function layerHistories(folder: string): LayerHistory[] {
  const records = (readRun(folder).readMetrics() as readonly object[]).filter(
    (record): record is LayersRecord => (record as LayersRecord).type === "layers",
  );
  return Object.keys(records[0]?.layers ?? {}).map((layer) => {
    const series = records.map(({ layers }) => layers[layer]!);
    return {
      layer: layer.replace(/_v$/, ""), // what a weight norm stores has the direction of the weight that it makes
      step: records.map(({ step }) => step - 1), // norms are from before the step, which is logged from 1
      medianNorm: series.map(({ norm }) => norm.median),
      minNorm: series.map(({ norm }) => norm.min),
      maxNorm: series.map(({ norm }) => norm.max),
      effectiveRate: series.map(({ effectiveRate }) => effectiveRate.median),
      rotation: series.map(({ rotation }) => rotation.median),
    };
  });
}

/** Images per second, the median over epochs; null without any. */
export function medianSpeed(epochs: readonly EpochRecord[]): number | null {
  if (epochs.length === 0) return null;
  return median(Float64Array.from(epochs, ({ imagesPerSecond }) => imagesPerSecond));
}

/** The settings that a reader needs to know, from a run's configuration. */
export function settingsOf(
  { run }: FinishedRun,
  seeds: readonly number[],
  dataName: string,
): ExperimentReport["settings"] {
  const { config } = run;
  return [
    ["network", `${config.model}, width × ${config.width}`],
    ["data", dataName],
    [
      "validation",
      config.validation < 1 ? `${config.validation * 100}% of the training images` : `${config.validation} images`,
    ],
    ...(config.images === undefined ? [] : [["training images", String(config.images)] as const]),
    ["epochs", String(config.epochs)],
    ["batch", String(config.batch)],
    ["learning rate η", `${config.learningRate} per step, ${config.schedule}`],
    ...(config.optimizer === "sgd" ? [] : [["optimizer", config.optimizer] as const]),
    config.optimizer.includes("adam")
      ? ["β₁ and β₂", `${config.beta1} and ${config.beta2}`]
      : ["momentum μ", String(config.momentum)],
    ...(config.clipAdaptive === undefined
      ? []
      : [["gradients clipped adaptively at", String(config.clipAdaptive)] as const]),
    ...(config.clipNorm === undefined ? [] : [["gradients clipped at", String(config.clipNorm)] as const]),
    ...(isFullPrecision(precisionOf(config))
      ? []
      : [["precision", `${config.precision}, sums ${config.normAccumulator}, loss × ${scaleText(config)}`] as const]),
    ["weight decay λ", `${decayOf(config)} (${config.decay})`],
    ["augmentation", `crop ±${config.crop} pixels${config.flip ? ", mirrored" : ""}`],
    ["seeds", seeds.join(", ")],
  ];
}

function scaleText({ lossScale = 1 }: RunConfig): string {
  return typeof lossScale === "object" ? "dynamic" : String(lossScale);
}

/** The decay of each group of parameters, in words. */
export function decayOf({ weightDecay, groups }: RunConfig): string {
  const own = groups.flatMap((group) => (group.weightDecay === undefined ? [] : `${group.weightDecay} ${group.match}`));
  return [...own, own.length === 0 ? String(weightDecay) : `${weightDecay} everything else`].join(", ");
}
