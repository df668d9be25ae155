import type { ExperimentReport, ReportRun } from "../../src/report/index.js";

const layers = ["features.0", "features.4"];

/** A small report with two ways of training, two seeds each; any part can be replaced. */
export function sampleReport(replacement: Partial<ExperimentReport> = {}): ExperimentReport {
  return {
    title: "Sample",
    subtitle: "two runs",
    findings: ["They part."],
    settings: [["batch", "128"]],
    source: { label: "arXiv 1803.01814", url: "https://arxiv.org/abs/1803.01814" },
    command: "normwise reproduce sample",
    stepsPerEpoch: 10,
    runs: [1, 2].flatMap((seed) => [sampleRun("decay-on", seed), sampleRun("decay-off", seed)]),
    ...replacement,
  };
}

/** A run of 3 epochs of 10 steps; the two names and all seeds differ in every number. */
export function sampleRun(name: string, seed: number, replacement: Partial<ReportRun> = {}): ReportRun {
  const off = name === "decay-off";
  const step = Array.from({ length: 30 }, (_, i) => i);
  const grow = off ? 0.05 : -0.02;
  return {
    name,
    label: name.replace("-", " "),
    description: `Trains with ${name}.`,
    seed,
    testAccuracy: (off ? 84 : 86) + seed * (off ? 0.5 : 0.25),
    bestValidation: 85 + seed,
    trainLoss: [1, 0.5, 0.25].map((loss) => loss * (off ? 0.8 : 1) + seed * 0.01),
    validationAccuracy: [70, 80, 85].map((accuracy) => accuracy - (off ? 1 : 0) + seed * 0.3),
    imagesPerSecond: 1000 * seed,
    layers: layers.map((layer, l) => {
      const medianNorm = step.map((s) => (l + 1) * (1 + grow * s) + seed * 0.01);
      return {
        layer,
        step,
        medianNorm,
        minNorm: medianNorm.map((norm) => norm / 2),
        maxNorm: medianNorm.map((norm) => norm * 2),
        effectiveRate: medianNorm.map((norm) => 0.1 / norm ** 2),
        rotation: medianNorm.map((norm) => 0.01 / norm),
      };
    }),
    ...(off && {
      directionCosine: {
        step,
        layers: layers.map((layer, l) => ({ layer, cosine: step.map((s) => 1 - (l + 1) * 0.01 * s) })),
      },
    }),
    ...replacement,
  };
}
