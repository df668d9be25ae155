import { accuracyFindings } from "./accuracy-findings.js";
import type { FinishedRun } from "./experiment.js";

const reference = "decay-on";

/** What is seen in the weight-decay experiment, in plain sentences; the reference is the run with decay. */
export function weightDecayFindings(runs: readonly FinishedRun[]): string[] {
  const names = [...new Set(runs.map(({ run }) => run.name))].filter((name) => name !== reference);
  return [
    ...effectiveRateFinding(runs, names),
    ...accuracyFindings(runs, reference),
    ...directionFinding(runs, names),
    ...cappedFinding(runs),
  ];
}

/** The claim itself: how η/‖w‖² compares with that of decay on, as geometric mean over epochs, layers and seeds. */
function effectiveRateFinding(runs: readonly FinishedRun[], names: readonly string[]): string[] {
  const ratios = names.flatMap((name) => {
    const logs = pairs(runs, name).flatMap(([compared, base]) =>
      compared.epochs.flatMap(({ layers }, epoch) =>
        Object.entries(layers).map(([layer, { effectiveRate }]) =>
          Math.log(effectiveRate.median / base.epochs[epoch]!.layers[layer]!.effectiveRate.median),
        ),
      ),
    );
    return logs.length === 0 ? [] : [`${Math.exp(mean(logs)).toFixed(2)} (${labelOf(runs, name)})`];
  });
  if (ratios.length === 0) return [];
  return [`Effective rate η/‖w‖² over that of decay on, geometric mean over epochs and layers: ${ratios.join(", ")}.`];
}

/** How far the directions are from those of the reference at the end. */
function directionFinding(runs: readonly FinishedRun[], names: readonly string[]): string[] {
  const means = names.flatMap((name) => {
    const cosines = runs
      .filter(({ run }) => run.name === name)
      .flatMap(({ epochs }) => Object.values(epochs.at(-1)?.directionCosine ?? {}).filter(Number.isFinite));
    return cosines.length === 0 ? [] : [`${mean(cosines).toFixed(3)} (${labelOf(runs, name)})`];
  });
  if (means.length === 0) return [];
  return [
    `Cosine between the final weights and those of decay on: ${means.join(", ")}. In float32, rounding alone parts two ` +
      "runs of the same training within some steps, so that equal trainings agree on average, not weight by weight.",
  ];
}

function cappedFinding(runs: readonly FinishedRun[]): string[] {
  const capped = runs.filter(({ cappedChannels }) => cappedChannels > 0);
  if (capped.length === 0) return [];
  const counts = capped.map(({ run, seed, cappedChannels }) => `${cappedChannels} times in ${run.label}, seed ${seed}`);
  return [
    `Channels that die under decay have norms going to zero. Their correction was capped ${counts.join("; ")} ` +
      "(counted over channels and steps).",
  ];
}

/** Runs of a name, each with the reference run of the same seed. */
function pairs(runs: readonly FinishedRun[], name: string): [FinishedRun, FinishedRun][] {
  return runs.flatMap((compared) => {
    const base = runs.find(({ run, seed }) => run.name === reference && seed === compared.seed);
    return compared.run.name === name && base ? [[compared, base] as [FinishedRun, FinishedRun]] : [];
  });
}

const labelOf = (runs: readonly FinishedRun[], name: string): string =>
  runs.find(({ run }) => run.name === name)!.run.label;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
